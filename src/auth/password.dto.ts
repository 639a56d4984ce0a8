import { Email, Text } from '../security/fields.js';
import { MAX_PASSWORD, NewPassword } from './new-password.js';

export class ForgotPassword {
  @Email()
  email: string;
}

export class ResetPassword {
  @Text(1, 512)
  token: string;

  @NewPassword()
  password: string;
}

export class ChangePassword {
  @Text(1, MAX_PASSWORD * 4)
  currentPassword: string;

  @NewPassword()
  newPassword: string;
}
