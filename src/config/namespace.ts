import { type ConfigFactory, type ConfigObject, getConfigToken, registerAs } from '@nestjs/config';
import type { Env } from './env.js';

/** A slice of the settings that a module injects by `KEY`, typed with `ConfigOf<typeof slice>`. */
export interface Namespace<T> {
  readonly KEY: string;
  readonly from: (env: Env) => ConfigFactory & { readonly result?: T };
}

export type ConfigOf<N> = N extends Namespace<infer T> ? Readonly<T> : never;

/** Declares a namespace: pure in the settings, so two applications in one process may differ. */
export function namespace<T extends ConfigObject>(name: string, build: (env: Env) => T): Namespace<T> {
  return { KEY: getConfigToken(name), from: (env) => registerAs(name, () => build(env)) };
}
