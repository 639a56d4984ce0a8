import { namespace } from './namespace.js';
import { publicUrlOf } from './public-url.js';
import { tlsFiles } from './tls-files.js';

/** How the process listens and what it says of itself. */
export const httpConfig = namespace('http', (env) => ({
  host: env.HOST ?? '127.0.0.1',
  port: env.PORT,
  publicUrl: publicUrlOf(env),
  tls: tlsFiles(env),
  plainPort: env.PLAIN_PORT,
  keepAliveSeconds: env.KEEP_ALIVE_SECONDS,
  trustedProxies: env.TRUSTED_PROXIES,
  corsOrigins: env.CORS_ORIGINS,
  corsCredentials: env.CORS_CREDENTIALS,
  docsEnabled: env.DOCS_ENABLED ?? env.NODE_ENV !== 'production',
  securityContact: env.SECURITY_CONTACT ?? `${publicUrlOf(env)}/.well-known/security.txt`,
  managementHost: env.MANAGEMENT_HOST ?? '127.0.0.1',
  managementPort: env.MANAGEMENT_PORT,
  logLevel: env.LOG_LEVEL,
  production: env.NODE_ENV === 'production',
}));
