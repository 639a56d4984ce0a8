import { ApiProperty } from '@nestjs/swagger';
import { Email, field, type FieldOptions, isText, Text } from '../security/fields.js';
import { Username } from '../users/users.dto.js';
import type { TokenResponse } from './access-tokens.service.js';

export const MIN_PASSWORD = 15;
export const MAX_PASSWORD = 128;

/**
 * NIST SP 800-63B-4 section 3.1.1.2: length counts, in code points after NFKC; no rules of composition. Before it as well: one
 * character of U+FDFA would become 18, and was typed as one.
 */
export const isNewPassword = (value: unknown): boolean =>
  isText(value, MIN_PASSWORD, MAX_PASSWORD * 4) && isText(value.normalize('NFKC'), MIN_PASSWORD, MAX_PASSWORD);

const NewPassword = (options?: FieldOptions) =>
  field(
    {
      name: 'password',
      detail: `Must be ${MIN_PASSWORD} to ${MAX_PASSWORD} characters; any characters, spaces too.`,
      accepts: isNewPassword,
      schema: { type: String, format: 'password', minLength: MIN_PASSWORD, maxLength: MAX_PASSWORD * 4 },
    },
    { description: `At most ${MAX_PASSWORD} characters once normalized to NFKC.`, ...options },
  );

export class Register {
  @Email()
  email: string;

  @NewPassword()
  password: string;

  @Username({ optional: true })
  username?: string;

  @Text(1, 100, { optional: true })
  displayName?: string;
}

export class Login {
  @Text(1, 254)
  email: string;

  @Text(1, MAX_PASSWORD * 4)
  password: string;
}

export class VerifyEmail {
  @Text(1, 512)
  token: string;
}

export class ResendVerification {
  @Email()
  email: string;
}

export class Refresh {
  @Text(1, 512)
  refresh_token: string;
}

export class AcceptInvitation {
  @Text(1, 512)
  token: string;

  @NewPassword()
  password: string;
}

export class Accepted {
  @ApiProperty({ enum: ['accepted'] })
  status: 'accepted';
}

export class TokenView implements TokenResponse {
  @ApiProperty()
  access_token: string;

  @ApiProperty({ enum: ['Bearer'] })
  token_type: 'Bearer';

  @ApiProperty({ type: 'integer', description: 'Seconds.' })
  expires_in: number;

  @ApiProperty()
  refresh_token: string;

  @ApiProperty()
  scope: string;
}
