// @ts-check
// `npm run torture`: faults, one by one, against instances of this machine, and what they did.
import { launchLab } from './lab/launch-lab.mjs';

const HELP = `npm run torture [-- options]

Kills, freezes and floods instances of its own, one fault after the other, and shows what that did to those who were asking.
Ends with 1 when a figure is beyond its limit. Ctrl-C stops it, and everything that it started.

  -n <runs>     so many runs of each fault; the worst figures count (default 1)
  --only <id>   this fault alone; may be repeated
  --short       as the tests run them
  --list        what there is
  --json        the result on stdout, for programs

Some faults need haproxy, nginx, redis-server or faketime from the machine: without them they are not run, which CI=true makes
a failure.
`;

await launchLab(HELP, async () => (await import('./torture/torture.mjs')).torture);
