import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const found = (name: string): boolean =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/**
 * For `describe.skipIf()`: whether a program of the machine is absent, which is said aloud. With CI=true that is a failure:
 * there nothing may be skipped.
 */
export function lacks(program: string): boolean {
  if (found(program)) return false;
  if (process.env.CI === 'true') throw new Error(`${program} is not installed`);
  process.stderr.write(`skipped: ${program} is not installed\n`);
  return true;
}
