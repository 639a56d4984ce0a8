import { namespace } from './namespace.js';

/** How the process listens and what it says of itself. `publicUrl` is what clients see, whatever Host they send. */
export const httpConfig = namespace('http', (env) => ({
  host: env.HOST ?? '127.0.0.1',
  port: env.PORT,
  publicUrl: env.PUBLIC_URL ?? `http://localhost:${env.PORT}`,
  trustedProxies: env.TRUSTED_PROXIES,
  corsOrigins: env.CORS_ORIGINS,
  corsCredentials: env.CORS_CREDENTIALS,
  docsEnabled: env.DOCS_ENABLED ?? env.NODE_ENV !== 'production',
  securityContact:
    env.SECURITY_CONTACT ?? `${env.PUBLIC_URL ?? `http://localhost:${env.PORT}`}/.well-known/security.txt`,
  managementHost: env.MANAGEMENT_HOST ?? '127.0.0.1',
  managementPort: env.MANAGEMENT_PORT,
  drainSeconds: env.DRAIN_SECONDS,
  logLevel: env.LOG_LEVEL,
  production: env.NODE_ENV === 'production',
}));
