import { MAX_PASSWORD } from '../auth/new-password.js';
import { field, isText, OneOf, Text } from '../security/fields.js';
import { LONGEST_RESPONSE, PageForm } from '../security/page-form.js';

const MOST_SCOPES = 50;

export class LoginForm extends PageForm {
  @Text(0, 254)
  email: string;

  @Text(0, MAX_PASSWORD * 4)
  password: string;
}

/** One of the three; what comes empty was not filled in. */
export class SecondFactorForm extends PageForm {
  @Text(0, 512, { optional: true })
  challenge?: string;

  @Text(0, 64, { optional: true })
  code?: string;

  @Text(0, 64, { optional: true })
  recoveryCode?: string;

  @Text(0, LONGEST_RESPONSE, { optional: true })
  response?: string;
}

export class ConfirmForm extends SecondFactorForm {
  @Text(0, MAX_PASSWORD * 4, { optional: true })
  password?: string;
}

export class PasskeyForm extends PageForm {
  @Text(1, LONGEST_RESPONSE)
  response: string;
}

export class NewPasswordForm extends PageForm {
  @Text(1, 512)
  challenge: string;

  @Text(0, MAX_PASSWORD * 4)
  password: string;
}

export class ConsentForm extends PageForm {
  @OneOf(['allow', 'cancel'])
  decision: 'allow' | 'cancel';

  /** Boxes that were ticked: one, or several. */
  @field(
    {
      name: 'scopes',
      detail: 'Must be scopes.',
      accepts: (value) => {
        const scopes = [value].flat();
        return scopes.length <= MOST_SCOPES && scopes.every((scope) => isText(scope, 1, 100));
      },
      schema: { type: 'array', items: { type: 'string' } },
    },
    { optional: true },
  )
  scope?: string | string[];
}
