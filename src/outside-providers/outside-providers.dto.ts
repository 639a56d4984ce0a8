import { ApiProperty } from '@nestjs/swagger';
import { field, OneOf } from '../security/fields.js';
import { INTERACTION_ID } from '../security/visit.js';
import type { OutsideProvider } from './outside-provider.js';

export class StartOutside {
  @field(
    {
      name: 'interaction',
      detail: 'Must be the id of an authorization request that waits.',
      accepts: (value) => typeof value === 'string' && INTERACTION_ID.test(value),
      schema: { type: String, pattern: INTERACTION_ID.source },
    },
    {
      optional: true,
      description: 'The authorization request that waits for the sign-in: what follows `/login/` in its address.',
    },
  )
  interaction?: string;

  /** Whoever is signed in there shows it anew, where the provider can ask for that. */
  @OneOf(['true'], { optional: true })
  fresh?: 'true';
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
