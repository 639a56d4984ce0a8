import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { ThrottlerModule, ThrottlerStorage } from '@nestjs/throttler';
import { limitsConfig } from '../config/limits.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { ProblemFilter } from '../errors/problem.filter.js';
import { RefusalStep } from '../errors/refusal-step.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { CounterStorage } from './counter-storage.js';
import { CredentialCache } from './credential-cache.js';
import { CredentialUse } from './credential-use.js';
import { Cursors } from './cursors.js';
import { DpopProofs } from './dpop-proofs.js';
import { Drain } from './drain.js';
import { FormTokens } from './form-tokens.js';
import { InputValidation } from './input-validation.js';
import { MemoryCounterStorage } from './memory-counter-storage.js';
import { PersonalData } from './personal-data.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { RateLimits } from './rate-limits.js';
import { RedisCounterStorage } from './redis-counter-storage.js';
import { RedisLink } from './redis-link.js';
import { RevocationFeed } from './revocation-feed.js';
import { Revocations } from './revocations.js';
import { RolesGuard } from './roles.guard.js';
import { RouteDeclarations } from './route-declarations.js';
import { ScopesGuard } from './scopes.guard.js';
import { StepUpGuard } from './step-up.guard.js';
import { UnexpectedInputGuard } from './unexpected-input.guard.js';
import { UsedProofs } from './used-proofs.js';
import { StrictValidationPipe } from './validation.pipe.js';

/** The wall after transport, in the order a request crosses it. There is no other list: Nest would order two by import. */
const layers = [
  { provide: APP_GUARD, useClass: AuthenticationGuard },
  { provide: APP_GUARD, useClass: RateLimitGuard },
  { provide: APP_GUARD, useClass: RolesGuard },
  { provide: APP_GUARD, useClass: ScopesGuard },
  { provide: APP_GUARD, useClass: StepUpGuard },
  { provide: APP_GUARD, useClass: UnexpectedInputGuard },
  StrictValidationPipe,
  InputValidation,
  { provide: APP_FILTER, useExisting: ProblemFilter },
];

/** Every guard, pipe and filter of every route, and what features need of the wall. */
@Global()
@Module({
  imports: [
    DiscoveryModule,
    // The windows are in RateLimits; the throttler lends its guard and its storage interface.
    ThrottlerModule.forRoot({ throttlers: [{ ttl: 1000, limit: 1 }] }),
  ],
  providers: [
    ...layers,
    ProblemFilter,
    RateLimits,
    { provide: RefusalStep, useExisting: RateLimits },
    {
      provide: CounterStorage,
      inject: [limitsConfig.KEY],
      useFactory: ({ redis }: ConfigOf<typeof limitsConfig>) =>
        redis ? new RedisCounterStorage(new RedisLink(redis)) : new MemoryCounterStorage(),
    },
    { provide: ThrottlerStorage, useExisting: CounterStorage },
    RevocationFeed,
    Revocations,
    CredentialCache,
    CredentialUse,
    Cursors,
    DpopProofs,
    Drain,
    FormTokens,
    PersonalData,
    RouteDeclarations,
    UsedProofs,
  ],
  exports: [
    ProblemFilter,
    CounterStorage,
    RateLimits,
    Revocations,
    RevocationFeed,
    CredentialUse,
    Cursors,
    Drain,
    FormTokens,
    PersonalData,
    RouteDeclarations,
    StrictValidationPipe,
    UsedProofs,
  ],
})
export class SecurityModule {}
