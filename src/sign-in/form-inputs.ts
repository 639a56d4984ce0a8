import { Injectable } from '@nestjs/common';
import { AnswerMfa, ChoosePassword, StepUpInput } from '../auth/login-steps.dto.js';
import { PasskeyLogin } from '../auth/passkey-login.dto.js';
import { jsonField } from '../security/form-body.js';
import { StrictValidationPipe } from '../security/validation.pipe.js';
import type { ConfirmForm, NewPasswordForm, PasskeyForm, SecondFactorForm } from './forms.dto.js';

/** Forms as what the API takes: a field that was left empty is absent, and a passkey comes as the text of its JSON. */
@Injectable()
export class FormInputs {
  constructor(private readonly pipe: StrictValidationPipe) {}

  /** Throws 400 `validation_failed`, as all of these. */
  secondFactor({ challenge, code, recoveryCode, response }: SecondFactorForm): AnswerMfa {
    return this.valid(AnswerMfa, { challenge, ...proofOf({ code, recoveryCode, response }) });
  }

  passkey({ response }: PasskeyForm): PasskeyLogin {
    return this.valid(PasskeyLogin, proofOf({ response }));
  }

  confirmation({ password, code, response }: ConfirmForm): StepUpInput {
    return this.valid(StepUpInput, proofOf({ password, code, response }));
  }

  newPassword({ challenge, password }: NewPasswordForm): ChoosePassword {
    return this.valid(ChoosePassword, { challenge, password });
  }

  private valid<T>(metatype: new () => T, input: object): T {
    return this.pipe.transform(input, { type: 'body', metatype }) as T;
  }
}

function proofOf({ code, response, ...rest }: { [field: string]: string | undefined }): object {
  const given = Object.entries({ ...rest, code: code?.replaceAll(/\s/g, '') }).filter(([, value]) => value);
  return { ...Object.fromEntries(given), ...(response && { response: jsonField('response', response) }) };
}
