import type { INestApplicationContext } from '@nestjs/common';
import { type Env, readEnv } from '../config/env.js';
import { checkConnections } from '../database/connection-check.js';
import { startFailure } from '../start-failure.js';

/** A mistake of the person at the terminal: one sentence, no stack. */
export class UsageError extends Error {}

export interface Command<Input> {
  /** What was typed and what it names. Throws UsageError before anything is loaded or touched. */
  readonly input: (env: Env) => Input;
  readonly run: (app: INestApplicationContext, input: Input, env: Env) => Promise<void>;
}

/** Runs a command in the application without a server. One line and exit code 1 when it cannot be done. */
export async function command<Input>({ input, run }: Command<Input>): Promise<void> {
  try {
    const env = await readEnv();
    const given = input(env);
    await checkConnections(env);
    const app = await createContext(env);
    try {
      await run(app, given, env);
    } finally {
      await app.close();
    }
  } catch (error) {
    const expected = error instanceof UsageError || error instanceof RangeError;
    // Not left to end by itself: an application that could not be made keeps its connections, and nobody can close it.
    process.stderr.write(`rampart: ${expected ? error.message : startFailure(error)}\n`, () => process.exit(1));
  }
}

/** Loaded last: whoever is refused is told so in a fraction of the time that takes. */
async function createContext(env: Env): Promise<INestApplicationContext> {
  const [{ NestFactory }, { AppModule }] = await Promise.all([import('@nestjs/core'), import('../app.module.js')]);
  return NestFactory.createApplicationContext(AppModule.with(env), { logger: false, abortOnError: false });
}
