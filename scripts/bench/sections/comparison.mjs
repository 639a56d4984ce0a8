// @ts-check
import { measure, ratio } from '../measure.mjs';
import { ROWS } from '../rows.mjs';

const HALF = 0.5;
const RSS_MB = 160;
const row = (/** @type {string} */ id) =>
  /** @type {import('../rows.mjs').Row} */ (ROWS.find((each) => each.id === id));

/** What requests cost beside each other, on one server: by key and by token, a refusal and an answer. */
export const comparison = {
  id: 'comparison',
  title: 'Requests among each other',
  /** @param {import('../bench.mjs').Stage} stage */
  async run({ world, databaseUrl, cast, pace }) {
    const server = await world.start({ name: 'comparison', script: 'bench/rampart.mjs', databaseUrl });
    const rows = ['read', 'read-key', '401', '429'].map(row);
    const [read, byKey, unknown, limited] = await measure(
      rows.map((each) => ({ row: each, server, cast })),
      pace,
    );
    await server.stop();
    if (!read || !byKey || !unknown || !limited) throw new Error('four were asked');
    return {
      id: this.id,
      title: this.title,
      findings: [
        { what: 'a read by API key to one by JWT', value: ratio(byKey, read), unit: '×', target: 1 },
        { what: '401 to a read by JWT', value: ratio(unknown, read), unit: '×', target: HALF },
        { what: '429 to a read by JWT', value: ratio(limited, read), unit: '×', target: HALF },
        { what: 'RSS', value: read.rss / 1e6, unit: 'MB', target: RSS_MB },
      ],
    };
  },
};
