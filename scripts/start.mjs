// @ts-check
// `npm start`: installs, builds, brings a database, serves. Plain Node with nothing installed yet.
import { launch } from './lib/launch.mjs';

const HELP = `npm start [-- --watch] [-- --tls]

Installs and builds what is missing, starts an embedded PostgreSQL and the API, and stops both on Ctrl-C.

  --watch   build and restart after every change in src/ and migrations/ (npm run dev)
  --tls     https with a certificate of its own, made in .rampart/tls/
  --help    this text

Environment, or the same names in a file .env:
  PORT, HOST            where the API listens: 3000 on 127.0.0.1
  DATABASE_URL          a PostgreSQL of your own in place of the embedded one
  SECRET_KEY            32 random bytes in base64; outside production one is made and kept in .rampart/

Environment only:
  RAMPART_NODE=system   the Node of this machine in place of the one in package-lock.json
  RAMPART_STATE_DIR     a folder in place of .rampart/: a second instance beside the first
`;

await launch(async (stop) => {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP);
    return 0;
  }
  const unknown = args.find((arg) => arg !== '--watch' && arg !== '--tls');
  if (unknown !== undefined) {
    process.stderr.write(`There is no option ${unknown}: npm start -- --help lists them.\n`);
    return 1;
  }
  const { serve } = await import('./lib/serve.mjs');
  return serve({ watch: args.includes('--watch'), tls: args.includes('--tls') }, stop);
});
