import { ApiProperty } from '@nestjs/swagger';
import { field } from '../security/fields.js';
import type { OutsideProvider } from './outside-provider.js';

const UID = /^[\w-]{20,64}$/;

export class StartOutside {
  @field(
    {
      name: 'interaction',
      detail: 'Must be the id of an authorization request that waits.',
      accepts: (value) => typeof value === 'string' && UID.test(value),
      schema: { type: String, pattern: UID.source },
    },
    {
      optional: true,
      description: 'The authorization request that waits for the sign-in: what follows `/login/` in its address.',
    },
  )
  interaction?: string;
}

export class OutsideProviderView {
  @ApiProperty({ description: 'For the address of its start.' })
  name: string;

  @ApiProperty({ description: 'For people.' })
  label: string;

  static from({ name, label }: OutsideProvider): OutsideProviderView {
    return { name, label };
  }
}

export class OutsideProviderList {
  @ApiProperty({ type: [OutsideProviderView] })
  items: OutsideProviderView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
