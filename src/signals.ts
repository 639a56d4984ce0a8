import type { Server as HttpsServer } from 'node:https';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyBaseLogger } from 'fastify';
import type { Env } from './config/env.js';
import { type TlsFiles, tlsFiles } from './config/tls-files.js';
import { Drain } from './security/drain.js';
import { reloadTls } from './security/tls.js';

/**
 * SIGTERM and SIGINT drain: readiness turns 503, every answer closes its connection, the port closes, what is on its way is
 * answered within `DRAIN_SECONDS`, exit 0. SIGTERM waits `DRAIN_DELAY_SECONDS` before the port closes, so that a balancer has
 * seen it; a person at a keyboard need not. What nobody caught is logged and ends the same way, with exit 1. SIGHUP reads the
 * certificate again.
 */
export function obeySignals(app: NestFastifyApplication, env: Env): void {
  const { log, server } = app.getHttpAdapter().getInstance();
  const end = ending(app, env, log);
  process.once('SIGTERM', () => end('SIGTERM', 0, env.DRAIN_DELAY_SECONDS));
  process.once('SIGINT', () => end('SIGINT', 0, 0));
  // The process can be in any state after this: it must end, but those who wait for an answer need not notice.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'nobody caught this');
    end('uncaughtException', 1, 0);
  });
  const files = tlsFiles(env);
  if (files) process.on('SIGHUP', () => renew(server as unknown as HttpsServer, files, log));
}

/** Ends once, whoever asks how often; after the time is up in any case. */
function ending(app: NestFastifyApplication, env: Env, log: FastifyBaseLogger) {
  let ended = false;
  return (cause: string, code: number, delaySeconds: number): void => {
    if (ended) return;
    ended = true;
    log.info({ signal: cause }, 'draining');
    app.get(Drain).begin();
    setTimeout(() => process.exit(1), (delaySeconds + env.DRAIN_SECONDS) * 1000).unref();
    setTimeout(() => {
      app.close().then(
        () => process.exit(code),
        () => process.exit(1),
      );
    }, delaySeconds * 1000);
  };
}

function renew(server: HttpsServer, files: TlsFiles, log: FastifyBaseLogger): void {
  try {
    reloadTls(server, files);
    log.info('certificate read again');
  } catch (error) {
    log.error({ err: error }, 'the certificate could not be read again: the old one stays');
  }
}
