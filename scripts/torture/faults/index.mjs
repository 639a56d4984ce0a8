// @ts-check
import { addresses } from './addresses.mjs';
import { clock } from './clock.mjs';
import { killApi } from './kill-api.mjs';
import { loginFlood } from './login-flood.mjs';
import { diskFull, postgresFrozen, postgresKilled, postgresRestarted, tableLocked } from './postgres.mjs';
import { redis } from './redis.mjs';
import { rollHaproxy, rollNginx } from './rolling-restarts.mjs';
import { silentSockets } from './silent-sockets.mjs';
import { uncaught } from './uncaught.mjs';

/** In the order they are run. @type {readonly import('../fault.mjs').TortureFault[]} */
export const FAULTS = [
  killApi,
  uncaught,
  rollHaproxy,
  rollNginx,
  redis,
  loginFlood,
  silentSockets,
  addresses,
  clock,
  postgresKilled,
  postgresRestarted,
  postgresFrozen,
  tableLocked,
  diskFull,
];
