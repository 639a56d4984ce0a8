import { namespace } from './namespace.js';

/** How long what was deleted can come back, in days. */
export const retentionConfig = namespace('retention', (env) => ({
  recordDays: env.RECORD_RETENTION_DAYS,
  deletionGraceDays: env.DELETION_GRACE_DAYS,
}));
