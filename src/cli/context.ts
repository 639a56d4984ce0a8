import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import { type Env, readEnv } from '../config/env.js';
import { checkConnections } from '../database/connection-check.js';
import { startFailure } from '../start-failure.js';

/** A mistake of the person at the terminal: one sentence, no stack. */
export class UsageError extends Error {}

/** Runs a command in the application without a server. One line and exit code 1 when it cannot be done. */
export async function command(work: (app: INestApplicationContext, env: Env) => Promise<void>): Promise<void> {
  try {
    const env = await readEnv();
    await checkConnections(env);
    const app = await NestFactory.createApplicationContext(AppModule.with(env), { logger: false, abortOnError: false });
    try {
      await work(app, env);
    } finally {
      await app.close();
    }
  } catch (error) {
    const expected = error instanceof UsageError || error instanceof RangeError;
    // Not left to end by itself: an application that could not be made keeps its connections, and nobody can close it.
    process.stderr.write(`rampart: ${expected ? error.message : startFailure(error)}\n`, () => process.exit(1));
  }
}
