import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { leftOut, ported } from './support/oidf-modules.js';

const corpus = join(process.env['TEST_CORPORA'] ?? '/nowhere', 'oidf-op-modules.json');
const all = [...ported, ...Object.values(leftOut).flat()];
const specs = globSync('test/oidf-*.e2e-spec.ts').map((file) => readFileSync(file, 'utf8'));
/** Titles of tests and groups begin with the module that they are. */
const hasTest = (module: string): boolean => specs.some((text) => new RegExp(`'${module}(?:: |')`).test(text));

describe('the modules of the OpenID Foundation', () => {
  it('are those of the suite, each ported or left out', ({ skip }) => {
    if (!existsSync(corpus)) skip('TEST_CORPORA names no folder');
    const modules = JSON.parse(readFileSync(corpus, 'utf8')) as { testName: string }[];
    expect(all.toSorted()).toEqual(modules.map(({ testName }) => testName).toSorted());
  });

  it('are tests of their name where they are ported, and where they are left out no tests', () => {
    expect(ported.filter((module) => !hasTest(module))).toEqual([]);
    expect(Object.values(leftOut).flat().filter(hasTest)).toEqual([]);
  });

  it('are each there once', () => {
    expect(new Set(all).size).toBe(all.length);
  });
});
