import { ApiProperty } from '@nestjs/swagger';
import { Email, Text } from '../security/fields.js';
import { Username } from '../users/users.dto.js';
import type { AccessTokenResponse, TokenResponse } from './access-tokens.service.js';
import { MAX_PASSWORD, NewPassword } from './new-password.js';

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

export class AccessTokenView implements AccessTokenResponse {
  @ApiProperty()
  access_token: string;

  @ApiProperty({ enum: ['Bearer'] })
  token_type: 'Bearer';

  @ApiProperty({ type: 'integer', description: 'Seconds.' })
  expires_in: number;

  @ApiProperty()
  scope: string;
}

export class TokenView extends AccessTokenView implements TokenResponse {
  @ApiProperty()
  refresh_token: string;
}
