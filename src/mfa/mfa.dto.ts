import { ApiProperty } from '@nestjs/swagger';
import { field } from '../security/fields.js';

/** How somebody may answer for a second factor. */
export const mfaMethods = ['totp', 'passkey', 'recovery_code'] as const;
export type MfaMethod = (typeof mfaMethods)[number];

/** Six digits; people type a space in the middle. */
const CODE = /^\d{3} ?\d{3}$/;

/** A field for the code of an authenticator. */
export const OneTimeCode = (options?: { optional: boolean }) =>
  field(
    {
      name: 'one_time_code',
      detail: 'Must be the six digits that the authenticator shows.',
      accepts: (value) => typeof value === 'string' && CODE.test(value),
      schema: { type: String, pattern: CODE.source },
    },
    options,
  );

export class ConfirmTotp {
  @OneTimeCode()
  code: string;
}

export class MfaState {
  @ApiProperty({ description: 'Whether login asks for a second factor.' })
  enabled: boolean;

  @ApiProperty({ enum: mfaMethods, isArray: true })
  methods: MfaMethod[];

  @ApiProperty({ type: Date, nullable: true, description: 'Since when one-time passwords are on.' })
  totpSince: Date | null;

  @ApiProperty({ type: 'integer' })
  recoveryCodesLeft: number;
}

export class TotpSetup {
  @ApiProperty({ description: 'In base 32, to be typed. Shown once.' })
  secret: string;

  @ApiProperty({ description: 'The same for an authenticator on this device.' })
  otpauthUrl: string;

  @ApiProperty({ description: 'The same as a picture: an SVG in a data: URL.' })
  qr: string;
}

export class RecoveryCodes {
  @ApiProperty({ type: [String], description: 'Each lets you in once without the other factor. Shown once.' })
  recoveryCodes: string[];
}
