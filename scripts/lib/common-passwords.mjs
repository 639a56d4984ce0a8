// @ts-check
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';

/** What is shorter is refused for that. */
const SHORTEST = 8;
const HASH_BYTES = 8;

/**
 * Writes the passwords that are tried first as a sorted list of the first 64 bits of their SHA-256: nothing of the dictionary
 * is installed in production, and no list of passwords is in memory.
 * @param {string} file
 */
export async function writeCommonPasswords(file) {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  const words = dictionary['passwords-common'];
  const folded = new Set(
    words.filter((word) => [...word].length >= SHORTEST).map((word) => word.normalize('NFKC').toLowerCase()),
  );
  const hashes = [...folded].map((word) => createHash('sha256').update(word).digest().subarray(0, HASH_BYTES));
  writeFileSync(file, Buffer.concat(hashes.toSorted((a, b) => a.compare(b))));
}
