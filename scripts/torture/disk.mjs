// @ts-check
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../lib/faults.mjs';

const MEGABYTES = 64;

/** @returns {string | null} why there can be no disk of a fault's own here */
export function whyNoDisk() {
  if (process.platform !== 'linux') return 'only Linux mounts a file system in memory';
  return process.getuid?.() === 0 ? null : 'only root may mount a file system';
}

/**
 * A small disk that belongs to this user, gone with the lab.
 * @param {import('./lab.mjs').Lab} lab
 * @param {{ uid: number, gid: number } | null} owner
 */
export function mountDisk(lab, owner) {
  const disk = join(lab.folder, 'disk');
  mkdirSync(disk);
  // Whoever runs PostgreSQL has to pass through.
  chmodSync(lab.folder, 0o711);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${MEGABYTES}m`, 'tmpfs', disk]);
  // Lazily: a process that ends still has files of it open.
  lab.atEnd(() => execFileSync('umount', ['-l', disk]));
  const folder = join(disk, 'database');
  mkdirSync(folder, { mode: 0o700 });
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const ballast = join(disk, 'ballast');
  return {
    folder,
    /** Leaves no byte. */
    fill: () => writeUntilFull(ballast),
    free: () => rmSync(ballast, { force: true }),
  };
}

/** @param {string} file */
function writeUntilFull(file) {
  const block = Buffer.alloc(65_536);
  const ballast = openSync(file, 'w');
  try {
    for (;;) writeSync(ballast, block);
  } catch (error) {
    if (codeOf(error) !== 'ENOSPC') throw error;
  } finally {
    closeSync(ballast);
  }
}
