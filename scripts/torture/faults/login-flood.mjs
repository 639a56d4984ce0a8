// @ts-check
import { setTimeout as wait } from 'node:timers/promises';
import { codeOf } from '../../lib/faults.mjs';
import { bystanderMeasures, startBystander } from '../bystander.mjs';
import { none } from '../fault.mjs';
import { anAccount, register } from '../../lab/people.mjs';

const CLIENTS = 64;
const SECONDS = { long: 8, short: 2 };
/** Fewer places than clients, and of two cores one for the database, which is on this machine too. */
const SETTINGS = { PASSWORD_CONCURRENCY: '1', PASSWORD_QUEUE: '17' };
/** Who was refused comes back sooner than asked. */
const IMPATIENCE_MS = 50;

/** @type {import('../fault.mjs').TortureFault} */
export const loginFlood = {
  id: 'login-flood',
  how: (form) => `${CLIENTS} clients log in for ${SECONDS[form]} seconds, where 18 may wait for a password hash`,
  async run(lab, form) {
    const database = await lab.database();
    const api = await lab.api({ DATABASE_URL: database.url, ...SETTINGS });
    const client = lab.client(api.port);
    const { token } = await anAccount(client);
    // Each their own: what one account may do at once is bounded.
    const people = [];
    while (people.length < CLIENTS) people.push(await register(client));
    const bystander = startBystander(lab.client(api.port), [
      ['/health/live'],
      ['/api/v1/users/me', { token }],
      ['/api/v1/data', { token }],
    ]);
    const flood = lab.client(api.port, { sockets: CLIENTS });
    /** @type {{ entered: number, busy: number, otherwise: string[] }} */
    const seen = { entered: 0, busy: 0, otherwise: [] };
    const until = performance.now() + SECONDS[form] * 1000;
    const one = async (/** @type {import('../../lab/people.mjs').Person} */ person) => {
      while (performance.now() < until) {
        const answer = await tryLogin(flood, person);
        if (answer === 200) seen.entered += 1;
        else if (answer === 'busy') seen.busy += 1;
        else seen.otherwise.push(String(answer));
        if (answer === 'busy') await wait(IMPATIENCE_MS);
      }
    };
    await Promise.all(people.map(one));
    const others = await bystander.stop();
    const [first] = people;
    const after = first && (await tryLogin(flood, first)) === 200 ? 1 : 0;
    return [
      { what: 'logins', value: seen.entered, least: 1 },
      { what: 'refused at once: 503 busy', value: seen.busy, least: 1 },
      none('logins that ended otherwise', seen.otherwise),
      ...bystanderMeasures(others),
      { what: 'logins right afterwards', value: after, least: 1 },
    ];
  },
};

/**
 * @param {import('../../lab/http-client.mjs').HttpClient} client
 * @param {import('../../lab/people.mjs').Person} person
 */
async function tryLogin(client, { email, password }) {
  try {
    const { status, body, headers } = await client.call('POST', '/api/v1/auth/login', { json: { email, password } });
    const isBusy = status === 503 && body.code === 'busy' && /^\d+$/.test(headers['retry-after'] ?? '');
    return isBusy ? 'busy' : status;
  } catch (error) {
    return codeOf(error);
  }
}
