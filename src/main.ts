import { readEnv } from './config/env.js';
import { checkConnections } from './database/connection-check.js';
import { ListenError, startFailure } from './start-failure.js';

async function start(): Promise<void> {
  const env = await readEnv();
  await checkConnections(env);
  // Loaded last: whoever cannot start is told so in a fraction of the time that takes.
  const { createApp } = await import('./app.setup.js');
  const app = await createApp(env);
  await app.listen({ port: env.PORT, host: env.HOST ?? '127.0.0.1' }).catch((cause: unknown) => {
    throw new ListenError('cannot listen', { cause });
  });
  const url = await app.getUrl();
  const { log } = app.getHttpAdapter().getInstance();
  const stop = (signal: string) => {
    log.info({ signal }, 'draining');
    // Requests in flight get their answer, within the limit; a second signal ends the process at once.
    setTimeout(() => process.exit(1), env.DRAIN_SECONDS * 1000).unref();
    app.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  log.info({ url }, 'listening');
  process.send?.({ type: 'listening', url, port: Number(new URL(url).port) });
}

start().catch((error: unknown) => {
  process.stderr.write(`rampart: cannot start: ${startFailure(error)}\n`, () => process.exit(1));
});
