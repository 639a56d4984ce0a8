// @ts-check

/** Faults of a process that nobody catches, as code. */
export const UNCAUGHT = {
  rejection: `Promise.reject(new Error('nobody caught me'))`,
  exception: `setImmediate(() => { throw new Error('nobody caught me') })`,
};

/**
 * NODE_OPTIONS of a process that does this to itself at SIGUSR2.
 * @param {string} code
 */
export const atSignal = (code) => `--import=data:text/javascript,process.on('SIGUSR2',()=>${encodeURIComponent(code)})`;
