import { readFileSync } from 'node:fs';

/** The certificates of a private authority. Throws RangeError that names the variable, not the file. */
export function readCa(file: string, variable: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new RangeError(`cannot be verified: the file that ${variable} names cannot be read`);
  }
}
