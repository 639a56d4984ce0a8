/** Settings of every test: the cheapest password hash that is allowed, and limits that only their own spec can reach. */
export const testSettings = {
  NODE_ENV: 'test',
  LOG_LEVEL: 'silent',
  HOST: '127.0.0.1',
  PORT: '0',
  PUBLIC_URL: 'http://localhost:3000',
  DRAIN_DELAY_SECONDS: '0',
  RATE_LIMIT_ADDRESS: '1000000/minute',
  RATE_LIMIT_ANONYMOUS: '1000000/minute',
  RATE_LIMIT_PRINCIPAL: '1000000/minute',
  RATE_LIMIT_SENSITIVE: '1000000/minute',
  RATE_LIMIT_CLIENT: '1000000/minute',
} as const;
