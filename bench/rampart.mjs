// @ts-check
/**
 * The application as it is built, and for the benchmark alone two variations of it:
 * BENCH_VERIFY=every proves the text of every credential again, as if no request remembered the one before it;
 * BENCH_WITHOUT=<layer> leaves one layer out, so that the difference is what the layer costs.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const dist = join(import.meta.dirname, '..', 'dist');
/** @param {string} path */
const built = (path) => import(pathToFileURL(join(dist, path)).href);

/** @param {...string} path and the exported class whose method is replaced */
async function classOf(...path) {
  const [file = '', name = ''] = path;
  return (await built(file))[name].prototype;
}

if (process.env.BENCH_VERIFY === 'every') {
  (await classOf('security/credential-cache.js', 'CredentialCache')).find = () => undefined;
  const reads = await classOf('database/hot-reads.js', 'HotReads');
  // The standing of a session and a key is remembered in both forms, here and in the other servers.
  for (const method of ['sessionStanding', 'keyStanding']) {
    const ask = reads[method];
    /** @type {Map<string, Promise<unknown>>} */
    const known = new Map();
    reads[method] = function (/** @type {string} */ id, /** @type {unknown} */ other) {
      let standing = known.get(id);
      if (!standing) known.set(id, (standing = ask.call(this, id, other)));
      return standing;
    };
  }
}

const pass = () => true;
const nothing = () => undefined;
/** @type {Readonly<Record<string, () => Promise<unknown>>>} */
const WITHOUT = {
  limits: async () =>
    Object.assign(await classOf('security/rate-limits.js', 'RateLimits'), { byAddress: nothing, byPrincipal: nothing }),
  roles: async () => Object.assign(await classOf('security/roles.guard.js', 'RolesGuard'), { canActivate: pass }),
  scopes: async () => Object.assign(await classOf('security/scopes.guard.js', 'ScopesGuard'), { canActivate: pass }),
  'unexpected input': async () =>
    Object.assign(await classOf('security/unexpected-input.guard.js', 'UnexpectedInputGuard'), { canActivate: pass }),
  validation: async () =>
    Object.assign(await classOf('security/validation.pipe.js', 'StrictValidationPipe'), {
      transform: (/** @type {unknown} */ value) => value,
    }),
  database: async () => {
    const reads = await classOf('database/hot-reads.js', 'HotReads');
    const { record } = reads;
    /** @type {Promise<unknown> | undefined} */
    let known;
    reads.record = function (/** @type {unknown[]} */ ...args) {
      return (known ??= record.apply(this, args));
    };
  },
  'log line': async () => void (process.env.LOG_LEVEL = 'warn'),
};

const without = process.env.BENCH_WITHOUT;
if (without) await WITHOUT[without]?.();

await built('main.js');
