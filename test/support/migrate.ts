import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** Brings a database to the schema of this build, as `npm run migration:run` does. */
export async function migrate(url: string): Promise<void> {
  const SECRET_KEY = randomBytes(32).toString('base64');
  const env = { ...process.env, NODE_ENV: 'test', DATABASE_URL: url, SECRET_KEY };
  await promisify(execFile)(process.execPath, ['dist/cli/migrate.js'], { env });
}
