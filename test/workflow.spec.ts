import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Job {
  'timeout-minutes': number;
  strategy?: { matrix: { node: number[] } };
  env?: Record<string, string>;
  steps: { uses?: string; run?: string; with?: Record<string, unknown> }[];
}

const folder = '.github/workflows';
const workflows = readdirSync(folder).map((file) => ({
  file,
  workflow: parse(readFileSync(`${folder}/${file}`, 'utf8')) as { permissions: object; jobs: Record<string, Job> },
}));
const jobs = workflows.find(({ file }) => file === 'ci.yml')?.workflow.jobs;
const commands = (job: Job | undefined) => job?.steps.map(({ run }) => run ?? '').join('\n') ?? '';

describe('the workflow of the tests', () => {
  it('runs them on Node 22, 24 and 26, and makes sure of it', () => {
    expect(jobs?.test?.strategy?.matrix.node).toEqual([22, 24, 26]);
    expect(jobs?.test?.env).toEqual({ RAMPART_NODE: 'system' });
    expect(commands(jobs?.test)).toContain('process.version');
    expect(commands(jobs?.test)).toContain('npm test');
  });

  it('runs them on the PostgreSQL of docker compose too', () => {
    expect(commands(jobs?.compose)).toMatch(/docker compose up .*postgres[\s\S]*DATABASE_URL=.* npm test/);
  });

  it('has in both jobs what a test may not be without where CI is true', () => {
    const installing = [jobs?.test, jobs?.compose].map((job) => /apt-get install .*/.exec(commands(job))?.[0]);
    expect(installing[0]).toContain('redis-server');
    expect(installing[1]).toBe(installing[0]);
  });

  it.each(workflows)('of $file may read and nothing else, for a bounded time', ({ workflow }) => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
    for (const job of Object.values(workflow.jobs)) {
      expect(job['timeout-minutes']).toBeLessThanOrEqual(60);
      const checkouts = job.steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
      // A tag can be moved to other code; a commit cannot.
      for (const { uses } of job.steps) if (uses) expect(uses).toMatch(/@[0-9a-f]{40}$/);
      expect(checkouts.map((step) => step.with?.['persist-credentials'])).toEqual([false]);
    }
  });
});
