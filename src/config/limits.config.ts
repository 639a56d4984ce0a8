import { namespace } from './namespace.js';
import { redisConnection } from './redis.js';

/** The windows of each tier, and the store that instances share, if there is one. */
export const limitsConfig = namespace('limits', (env) => ({
  address: env.RATE_LIMIT_ADDRESS,
  anonymous: env.RATE_LIMIT_ANONYMOUS,
  principal: env.RATE_LIMIT_PRINCIPAL,
  sensitive: env.RATE_LIMIT_SENSITIVE,
  client: env.RATE_LIMIT_CLIENT,
  redis: env.REDIS_URL ? redisConnection(env.REDIS_URL, env.REDIS_PASSWORD, env.REDIS_CA_FILE) : undefined,
}));
