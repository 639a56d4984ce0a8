// @ts-check
// `npm run bench`: what a request costs with every layer on, beside a hand-written server, in the same run.
import { launchLab } from './lab/launch-lab.mjs';

const HELP = `npm run bench [-- options]

Measures what requests cost over real sockets, on an embedded PostgreSQL: this backend with every layer on, beside a hand-written
Fastify server with the same checks, in turns, so that both meet the same machine. Ends by itself after about ten minutes.

  --quick      one minute: fewer and shorter turns, and nothing but requests
  --only <id>  this alone; may be repeated. An unknown one shows what there is
  --json       the result on stdout, for programs

CPU is that of the server's process, microseconds a request, the median of all turns. Ratios are of CPU, in the same turn.
The server has a core of its own; load and database share another.
`;

await launchLab(HELP, async () => (await import('./bench/bench.mjs')).bench);
