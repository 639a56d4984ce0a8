// @ts-check
import { Fault, Interrupted, report } from './faults.mjs';
import { makeStateDir, stateDir } from './files.mjs';
import { binOf, withRuntime } from './node-runtime.mjs';
import { prepareBuild, prepareRuntime } from './prepare.mjs';
import { Progress, palette, seconds } from './progress.mjs';
import { runStep } from './step.mjs';
import { startTestCluster } from './test-database.mjs';

const GROUPS = ['lint', 'types', 'tests'];

/**
 * @param {string[]} args
 * @returns {{ only: string | undefined, forVitest: string[] }}
 */
function parse(args) {
  if (args[0] !== '--only') return { only: undefined, forVitest: args };
  const only = args[1] ?? '';
  if (!GROUPS.includes(only)) throw new Fault(`--only takes ${GROUPS.join(', ')}: npm test -- --only tests`);
  return { only, forVitest: args.slice(2) };
}

/** Runs the steps one after the other, all of them even when one fails, and remembers how each ended. */
class Steps {
  progress = new Progress();
  #paint = palette(process.stdout);
  /** @type {{ name: string, passed: boolean, ms: number }[]} */
  #results = [];

  /**
   * @param {string} name
   * @param {() => Promise<boolean>} work
   */
  async run(name, work) {
    process.stdout.write(`\n${this.#paint.bold(`── ${name}`)}\n`);
    const begun = Date.now();
    const passed = await work().catch((error) => {
      if (error instanceof Interrupted) throw error;
      return report(error) === 0;
    });
    this.#results.push({ name, passed, ms: Date.now() - begun });
  }

  /** @returns {number} the exit code of it all */
  summary() {
    process.stdout.write('\n');
    for (const { name, passed, ms } of this.#results) {
      const mark = passed ? this.#paint.green('✔ passed') : this.#paint.red('✘ failed');
      process.stdout.write(`${mark}  ${name.padEnd(6)} ${this.#paint.dim(seconds(ms))}\n`);
    }
    return this.#results.every(({ passed }) => passed) ? 0 : 1;
  }
}

/**
 * @param {string[]} args
 * @param {import('./stop-request.mjs').StopRequest} stop
 * @returns {Promise<number>} the exit code
 */
export async function check(args, stop) {
  const { only, forVitest } = parse(args);
  const wanted = (/** @type {string} */ group) => only === undefined || only === group;
  makeStateDir(stateDir);
  const steps = new Steps();
  const { signal } = stop;
  const options = { progress: steps.progress, signal };
  const { node } = await prepareRuntime(options);
  const env = withRuntime(node);
  /** @param {string[]} command a file and its arguments */
  const passes = async (command) => (await runStep(node, command, { signal, env, show: true })).code === 0;

  if (wanted('tests')) await steps.run('build', () => prepareBuild(node, options).then(() => true));
  if (wanted('lint')) {
    await steps.run('lint', async () => {
      const linted = await passes([binOf('oxlint'), '--type-aware', '--deny-warnings']);
      return (await passes([binOf('prettier'), '--check', '--log-level', 'warn', '.'])) && linted;
    });
  }
  if (wanted('types'))
    await steps.run('types', () => passes([binOf('typescript', 'tsc'), '-p', 'tsconfig.json', '--noEmit']));
  if (wanted('tests')) await steps.run('tests', () => test({ node, env, stop, progress: steps.progress, forVitest }));
  return steps.summary();
}

/**
 * @param {object} options
 * @param {string} options.node
 * @param {NodeJS.ProcessEnv} options.env
 * @param {import('./stop-request.mjs').StopRequest} options.stop
 * @param {Progress} options.progress
 * @param {string[]} options.forVitest
 * @returns {Promise<boolean>}
 */
async function test({ node, env, stop: { signal, hurry }, progress, forVitest }) {
  const { DATABASE_URL, DATABASE_URL_FILE: _file, ...rest } = env;
  const given = env.TEST_DATABASE_URL || DATABASE_URL;
  const cluster = given
    ? null
    : await progress.during('Starting a throw-away PostgreSQL', () => startTestCluster(stateDir, signal));
  try {
    // The tests make databases of their own on this server: none may find the developer's by accident.
    const testEnv = { ...rest, TEST_DATABASE_URL: cluster ? cluster.adminUrl : given };
    const { code } = await runStep(node, [binOf('vitest'), 'run', ...forVitest], { signal, env: testEnv, show: true });
    return code === 0;
  } finally {
    await cluster?.stop({ hurry });
  }
}
