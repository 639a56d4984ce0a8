// @ts-check
import pg from 'pg';
import { exactly } from '../fault.mjs';
import { atSignal, UNCAUGHT } from '../inject.mjs';
import { until } from '../../lib/until.mjs';
import { anAccount, aRecord } from '../../lab/people.mjs';

/** @type {import('../fault.mjs').TortureFault} */
export const uncaught = {
  id: 'uncaught',
  how: () => 'a rejection that nobody handles, with a request waiting in the database',
  async run(lab) {
    const database = await lab.database();
    const api = await lab.api({
      DATABASE_URL: database.url,
      LOG_LEVEL: 'info',
      NODE_OPTIONS: atSignal(UNCAUGHT.rejection),
    });
    const client = lab.client(api.port);
    const { token } = await anAccount(client);
    const { body } = await client.call('POST', '/api/v1/data', { token, json: aRecord() });
    const release = await lockRecord(lab, database, body.id);
    const headers = { 'if-match': '"1"' };
    const waiting = client.call('PATCH', `/api/v1/data/${body.id}`, { token, json: { name: 'kept' }, headers });
    await until(() => waits(database));
    api.signal('SIGUSR2');
    await api.said('draining');
    await release();
    const { status } = await waiting.catch(() => ({ status: 0 }));
    const code = await api.exited;
    const [record] = await database.query('SELECT name FROM records WHERE id = $1', [body.id]);
    return [
      { ...exactly('requests in flight answered', Number(status === 200), 1), because: [`status ${status}`] },
      exactly('changes of them kept', Number(record?.name === 'kept'), 1),
      exactly('as exit code', code ?? -1, 1),
      exactly('fatal lines in the log', (api.output.match(/"level":60.*nobody caught/g) ?? []).length, 1),
    ];
  },
};

/**
 * @param {import('../lab.mjs').Lab} lab
 * @param {import('../../lab/cluster.mjs').Database} database
 * @param {string} id
 */
async function lockRecord(lab, { url }, id) {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  const release = () => client.end();
  lab.atEnd(release);
  await client.query('BEGIN');
  await client.query('SELECT FROM records WHERE id = $1 FOR UPDATE', [id]);
  return release;
}

/** @param {import('../../lab/cluster.mjs').Database} database */
async function waits({ query }) {
  const rows = await query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows.length > 0;
}
