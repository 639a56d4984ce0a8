import { ApiProperty } from '@nestjs/swagger';
import { Text } from '../security/fields.js';
import { type DeviceType, deviceTypes, type Passkey } from './passkey.entity.js';
import { PasskeyRegistration, type RegistrationResponse } from './passkey-response.js';

export class RegisterPasskey {
  @Text(1, 100)
  name: string;

  @PasskeyRegistration()
  response: RegistrationResponse;
}

export class RenamePasskey {
  @Text(1, 100)
  name: string;
}

export class PasskeyView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ enum: deviceTypes, description: 'Whether it may be copied to other devices.' })
  deviceType: DeviceType;

  @ApiProperty({ description: 'Whether it was copied, so that it outlives its device.' })
  backedUp: boolean;

  @ApiProperty({ type: [String] })
  transports: string[];

  @ApiProperty({ type: Date, nullable: true })
  lastUsedAt: Date | null;

  @ApiProperty()
  createdAt: Date;

  static from({ id, name, deviceType, backedUp, transports, lastUsedAt, createdAt }: Passkey): PasskeyView {
    return { id, name, deviceType, backedUp, transports, lastUsedAt, createdAt };
  }
}

export class CreatedPasskey extends PasskeyView {
  @ApiProperty({
    type: [String],
    required: false,
    description: 'With the first factor: each lets you in once without it. Shown once.',
  })
  recoveryCodes?: string[] | undefined;
}

export class PasskeyList {
  @ApiProperty({ type: [PasskeyView] })
  items: PasskeyView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
