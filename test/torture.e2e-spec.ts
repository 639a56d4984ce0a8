import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { holds } from '../scripts/torture/fault.mjs';
import { FAULTS } from '../scripts/torture/faults/index.mjs';
import { prepareHaproxy, prepareNginx } from '../scripts/torture/proxies.mjs';
import { findProgram } from '../scripts/lab/processes.mjs';
import { obstacle, Rig } from '../scripts/torture/rig.mjs';
import { lacks, skips } from './support/programs.js';

const LONGEST_MS = 120_000;

const rig = new Rig({ node: process.execPath, signal: new AbortController().signal });

beforeAll(() => rig.start());
afterAll(() => rig.stop());

/** Says aloud why a fault is not run; with CI=true that is a failure. */
function cannot(fault: (typeof FAULTS)[number]): boolean {
  if ((fault.needs ?? []).some(lacks)) return true;
  const why = obstacle(fault);
  return skips(why && `${fault.id}: ${why}`);
}

// Two at once: each waits most of the time, and more of them would be a test of the machine.
vi.setConfig({ maxConcurrency: 2 });
describe.concurrent('a fault', () => {
  // What takes the database away from the others has specs of its own.
  for (const fault of FAULTS.filter(({ alone }) => !alone)) {
    it.skipIf(cannot(fault))(
      `${fault.id}: ${fault.how('short')} leaves everybody with a right answer`,
      async () => {
        const measures = await rig.run(fault, 'short');
        expect(measures.filter(({ most, least }) => most !== undefined || least !== undefined).length).toBeGreaterThan(
          0,
        );
        expect(measures.filter((measure) => !holds(measure, 'short'))).toEqual([]);
      },
      LONGEST_MS,
    );
  }
});

describe('the example configuration', () => {
  it.skipIf(lacks('haproxy'))('of haproxy is one that haproxy takes without a warning', async () => {
    expect(await checked('haproxy', prepareHaproxy)).toEqual({ code: 0, complaints: [] });
  });

  it.skipIf(lacks('nginx'))('of nginx is one that nginx takes without a warning', async () => {
    expect(await checked('nginx', prepareNginx)).toEqual({ code: 0, complaints: [] });
  });
});

/** What the program itself says of ops/, with a certificate and ports that exist here. */
async function checked(name: string, prepare: typeof prepareHaproxy) {
  const folder = mkdtempSync(join(tmpdir(), 'rampart-proxy-'));
  const { check } = await prepare({ folder, port: 1, plainPort: 2, instances: [3, 4] });
  const { status, stdout, stderr } = spawnSync(findProgram(name) ?? name, check, { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  const complaints = `${stdout}${stderr}`.split('\n').filter((line) => /warn|alert|emerg|error/i.test(line));
  return { code: status, complaints };
}
