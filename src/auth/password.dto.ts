import { Email, Text } from '../security/fields.js';
import { MAX_PASSWORD, MIN_PASSWORD, MIN_PASSWORD_WITH_MFA, NewPassword } from './new-password.js';

const SHORTER = `At least ${MIN_PASSWORD} characters without a second factor.`;

export class ForgotPassword {
  @Email()
  email: string;
}

export class ResetPassword {
  @Text(1, 512)
  token: string;

  @NewPassword(MIN_PASSWORD_WITH_MFA, { description: SHORTER })
  password: string;
}

export class ChangePassword {
  @Text(1, MAX_PASSWORD * 4)
  currentPassword: string;

  @NewPassword(MIN_PASSWORD_WITH_MFA, { description: SHORTER })
  newPassword: string;
}
