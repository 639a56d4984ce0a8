import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const bench = (...args: string[]) =>
  run(process.execPath, ['scripts/bench.mjs', ...args]).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, text: stderr }),
  );

describe('npm run bench', () => {
  it('says what it does', async () => {
    const { code, text } = await bench('--help');
    expect(code).toBe(0);
    for (const option of ['--quick', '--only', '--json']) expect(text).toContain(option);
  });

  it.each([
    [['--only', 'nothing'], 'There is no "nothing" to be measured; there are read, '],
    [['--slow'], "Unknown option '--slow'"],
    [['read'], 'Unexpected argument'],
  ])('refuses %j in one line', async (args, line) => {
    const { code, text } = await bench(...args);
    expect([code, text.trim().split('\n').length]).toEqual([1, 1]);
    expect(text).toContain(line);
  });
});
