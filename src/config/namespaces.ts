import { authConfig } from './auth.config.js';
import { databaseConfig } from './database.config.js';
import { httpConfig } from './http.config.js';
import { limitsConfig } from './limits.config.js';
import { mailConfig } from './mail.config.js';
import { outsideProvidersConfig } from './outside-providers.config.js';
import { passkeysConfig } from './passkeys.config.js';
import { retentionConfig } from './retention.config.js';

/** Every slice of the settings; ConfigModule offers each under its KEY. */
export const namespaces = [
  authConfig,
  databaseConfig,
  httpConfig,
  limitsConfig,
  mailConfig,
  outsideProvidersConfig,
  passkeysConfig,
  retentionConfig,
];
