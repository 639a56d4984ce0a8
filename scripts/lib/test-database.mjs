// @ts-check
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startCluster } from './embedded-postgres.mjs';
import { readJson, writePrivate } from './files.mjs';
import { endLeftover } from './postgres-data.mjs';
import { findPlace } from './postgres-place.mjs';
import { identityOf, isRunning } from './processes.mjs';

const PREFIX = 'test-postgres-';

/** Nothing here has to survive a crash of the machine. */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '200' };

/**
 * A folder for the database server of this process alone. What killed runs left is removed first.
 * @param {string} stateDir
 */
export async function claimTestFolder(stateDir) {
  const place = findPlace(stateDir);
  for (const name of readdirSync(place.base)) {
    const dir = join(place.base, name);
    if (!name.startsWith(PREFIX) || isRunning(readJson(join(dir, 'owner.json')))) continue;
    await endLeftover(join(dir, 'data'));
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  }
  const name = `${PREFIX}${process.pid}`;
  mkdirSync(join(place.base, name));
  writePrivate(join(place.base, name, 'owner.json'), JSON.stringify(identityOf(process.pid)));
  return { place, name };
}

/**
 * A database server for one run of the tests; stopping it removes it.
 * @param {string} stateDir
 * @param {AbortSignal} signal
 */
export async function startTestCluster(stateDir, signal) {
  const { place, name } = await claimTestFolder(stateDir);
  return startCluster(place, name, { signal, settings: SETTINGS, throwaway: true });
}
