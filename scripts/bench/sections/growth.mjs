// @ts-check
import { measure, ratio } from '../measure.mjs';
import { ROWS } from '../rows.mjs';

const SIZES = [1000, 100_000, 1_000_000];
const TARGET = 1.2;
const GROWN = ROWS.filter(({ id }) => id === 'read' || id === 'list');

/** What a read and a list cost among more records of the same owner. */
export const growth = {
  id: 'growth',
  title: 'Growth',
  /** @param {import('../bench.mjs').Stage} stage */
  async run({ world, pace, tell }) {
    const worlds = [];
    for (const size of SIZES) {
      tell(`Growth: filling with ${size.toLocaleString('en-US')} records`);
      const database = await world.database();
      const server = await world.start({
        name: `${size} records`,
        script: 'bench/rampart.mjs',
        databaseUrl: database.url,
      });
      const cast = await world.cast(server.port);
      await fill(database, size);
      worlds.push({ size, server, cast });
    }
    const findings = [];
    for (const row of GROWN) {
      tell(`Growth: ${row.what}`);
      const figures = await measure(
        worlds.map(({ server, cast }) => ({ row, server, cast })),
        pace,
      );
      const [least] = figures;
      for (const [i, { size }] of worlds.entries()) {
        const figure = figures[i];
        if (i === 0 || !least || !figure) continue;
        const what = `${row.what}, ${size.toLocaleString('en-US')} records to 1,000`;
        findings.push({ what, value: ratio(figure, least), unit: '×', target: TARGET });
      }
    }
    await Promise.all(worlds.map(({ server }) => server.stop()));
    return { id: this.id, title: this.title, findings };
  },
};

/**
 * @param {import('../../lab/cluster.mjs').Database} database
 * @param {number} size
 */
async function fill({ query }, size) {
  await query(
    `INSERT INTO records (id, owner_id, name, classification, content, tags, version, created_at, updated_at)
     SELECT gen_random_uuid(), r.owner_id, 'record ' || i, 'internal', r.content, r.tags, 1,
       now() - make_interval(secs => i), now() - make_interval(secs => i)
     FROM (SELECT * FROM records LIMIT 1) r, generate_series(1, $1::int) i`,
    [size],
  );
  await query('VACUUM ANALYZE records');
}
