// @ts-check
import { chownSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeOf, Fault } from './faults.mjs';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What belongs to the checkout itself (who installs, who builds) stays here even when the state is elsewhere. */
export const checkoutDir = join(root, '.rampart');

/**
 * Everything a local run remembers: database, secrets, the record of the running processes.
 * RAMPART_STATE_DIR puts it elsewhere, so that tests and a second instance do not meet the developer's own.
 */
export const stateDir = process.env.RAMPART_STATE_DIR ? resolve(process.env.RAMPART_STATE_DIR) : checkoutDir;

/**
 * Makes the folder, or says in one line whose it is.
 * As root the database runs as another user that has to pass through: hence 0711, every secret inside is 0600.
 * @param {string} dir
 */
export function makeStateDir(dir) {
  try {
    mkdirSync(dir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    const probe = join(dir, `.write-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw new Fault(
      `${dir} cannot be written (${codeOf(error)}), perhaps another user made it: start as that user, or move it away.`,
    );
  }
}

/**
 * The file's text, or null when there is none.
 * @param {string} file
 */
export function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/**
 * The file's JSON, or null when there is none or a crash of the machine left half of it.
 * @param {string} file
 * @returns {any}
 */
export function readJson(file) {
  const text = readText(file);
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Replaces a file as a whole, readable by its owner alone: a kill at any moment leaves the old one or the new one.
 * @param {string} file
 * @param {string} text
 */
export function writePrivate(file, text) {
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, text, { mode: 0o600 });
  if (process.getuid?.() === 0) {
    // Root in an ordinary user's checkout leaves nothing behind that its owner could not read.
    const { uid, gid } = statSync(dirname(file));
    chownSync(draft, uid, gid);
  }
  renameSync(draft, file);
}
