// @ts-check
/**
 * The application as it is built, and for the benchmark alone two variations of it:
 * BENCH_VERIFY=every proves the text of every credential again, as if no request remembered the one before it;
 * a message { without: <layer> } leaves one layer out until the next, so that the difference is what the layer costs: two processes
 * differ by more than that.
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

/** @typedef {Record<string, (...args: any[]) => unknown>} Methods */
const pass = () => true;
const nothing = () => undefined;
const reads = /** @type {Methods} */ (await classOf('database/hot-reads.js', 'HotReads'));
const { record } = reads;
/** @type {unknown} */
let known;

/** What stands in for the methods of a class while its layer is left out. */
const LAYERS = {
  limits: [await classOf('security/rate-limits.js', 'RateLimits'), { byAddress: nothing, byPrincipal: nothing }],
  roles: [await classOf('security/roles.guard.js', 'RolesGuard'), { canActivate: pass }],
  scopes: [await classOf('security/scopes.guard.js', 'ScopesGuard'), { canActivate: pass }],
  'step-up': [await classOf('security/step-up.guard.js', 'StepUpGuard'), { canActivate: pass }],
  'unexpected input': [
    await classOf('security/unexpected-input.guard.js', 'UnexpectedInputGuard'),
    { canActivate: pass },
  ],
  validation: [
    await classOf('security/validation.pipe.js', 'StrictValidationPipe'),
    { transform: (/** @type {unknown} */ value) => value },
  ],
  database: [
    reads,
    {
      record(/** @type {unknown[]} */ ...args) {
        return (known ??= record?.apply(this, args));
      },
    },
  ],
};

/** @type {{ level: string } | undefined} the logger, by the first line that Nest writes to it */
let logger;
const lines = /** @type {Methods} */ (await classOf('pino-logger.js', 'PinoLogger'));
const { log } = lines;
lines.log = function (...args) {
  logger = /** @type {any} */ (this).logger;
  return log?.apply(this, args);
};

let restore = nothing;
process.on('message', (/** @type {{ without?: string }} */ { without }) => {
  if (without === undefined) return;
  restore();
  if (logger) logger.level = without === 'log line' ? 'warn' : 'info';
  const [target, methods] = /** @type {Record<string, [Methods, Methods]>} */ (/** @type {unknown} */ (LAYERS))[
    without
  ] ?? [{}, {}];
  const before = Object.fromEntries(Object.keys(methods).map((name) => [name, target[name]]));
  Object.assign(target, methods);
  restore = () => void Object.assign(target, before);
});

await built('main.js');
