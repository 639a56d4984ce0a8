import { namespace } from './namespace.js';

/** The windows of each tier. */
export const limitsConfig = namespace('limits', (env) => ({
  address: env.RATE_LIMIT_ADDRESS,
  anonymous: env.RATE_LIMIT_ANONYMOUS,
  principal: env.RATE_LIMIT_PRINCIPAL,
  sensitive: env.RATE_LIMIT_SENSITIVE,
}));
