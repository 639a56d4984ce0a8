import { readEnv } from './config/env.js';
import { checkConnections } from './database/connection-check.js';
import { ListenError, startFailure } from './start-failure.js';

async function start(): Promise<void> {
  const env = await readEnv();
  await checkConnections(env);
  // Loaded last: whoever cannot start is told so in a fraction of the time that takes.
  const [{ createApp }, { obeySignals }] = await Promise.all([import('./app.setup.js'), import('./signals.js')]);
  const app = await createApp(env);
  await app.listen({ port: env.PORT, host: env.HOST ?? '127.0.0.1' }).catch((cause: unknown) => {
    throw new ListenError('cannot listen', { cause });
  });
  obeySignals(app, env);
  const url = await app.getUrl();
  app.getHttpAdapter().getInstance().log.info({ url }, 'listening');
  process.send?.({ type: 'listening', url, port: Number(new URL(url).port) });
}

start().catch((error: unknown) => {
  process.stderr.write(`rampart: cannot start: ${startFailure(error)}\n`, () => process.exit(1));
});
