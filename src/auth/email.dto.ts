import { Email, Text } from '../security/fields.js';

export class VerifyEmail {
  @Text(1, 512)
  token: string;
}

export class ChangeEmail {
  @Email()
  email: string;

  @Text(1, 512)
  password: string;
}

export class ResendVerification {
  @Email()
  email: string;
}
