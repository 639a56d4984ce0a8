import { inject } from 'vitest';
import { findProgram } from '../../scripts/lab/processes.mjs';

/**
 * For `skipIf()`: whether there is a reason, which is said aloud. With CI=true that is a failure: there nothing may be skipped.
 */
export function skips(reason: string | null): boolean {
  if (reason === null) return false;
  if (process.env.CI === 'true') throw new Error(`not skipped with CI=true: ${reason}`);
  process.stderr.write(`skipped: ${reason}\n`);
  return true;
}

/** The same for a program of the machine that is absent. */
export const lacks = (program: string): boolean => skips(findProgram(program) ? null : `${program} is not installed`);

/** A Chromium of the machine, by whatever name it has there. */
export const findBrowser = (): string | undefined =>
  ['chromium', 'chromium-browser', 'google-chrome'].map((name) => findProgram(name)).find((path) => path !== null);

/** The same for roles of one's own, where the administrator of the database may make none. */
export const lacksRoles = (): boolean =>
  skips(inject('roles') ? null : 'the administrator of the database may make no roles');
