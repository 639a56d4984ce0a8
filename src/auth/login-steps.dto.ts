import { OneTimeCode } from '../mfa/mfa.dto.js';
import { type AssertionResponse, PasskeyAssertion } from '../passkeys/passkey-response.js';
import { ExactlyOneOf } from '../security/exactly-one-of.js';
import { Text } from '../security/fields.js';
import { MAX_PASSWORD, NewPassword } from './new-password.js';

@ExactlyOneOf('code', 'recoveryCode', 'response')
export class AnswerMfa {
  @Text(1, 512)
  challenge: string;

  @OneTimeCode({ optional: true })
  code?: string;

  @Text(1, 64, { optional: true, description: 'In place of the code.' })
  recoveryCode?: string;

  @PasskeyAssertion({ optional: true })
  response?: AssertionResponse;
}

export class ChoosePassword {
  @Text(1, 512)
  challenge: string;

  @NewPassword()
  password: string;
}

@ExactlyOneOf('password', 'code', 'response')
export class StepUpInput {
  @Text(1, MAX_PASSWORD * 4, { optional: true })
  password?: string;

  @OneTimeCode({ optional: true })
  code?: string;

  @PasskeyAssertion({ optional: true })
  response?: AssertionResponse;
}
