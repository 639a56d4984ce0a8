import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.spec.ts', 'test/**/*.spec.ts', 'test/**/*.e2e-spec.ts'],
    environment: 'node',
    pool: 'forks',
    // A file leaves nothing behind but loaded modules, and loading them is a quarter of what a file costs.
    isolate: false,
    maxWorkers: 2,
    globalSetup: ['test/support/template.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/support/oidf-reporter.ts'],
  },
});
