import { Email, Text } from '../security/fields.js';

export class VerifyEmail {
  @Text(1, 512)
  token: string;
}

export class ResendVerification {
  @Email()
  email: string;
}
