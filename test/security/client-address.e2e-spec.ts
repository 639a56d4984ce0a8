import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from '../support/app.js';
import { asUser } from '../support/callers.js';
import { startWall, WALL, type Wall } from '../support/wall.js';

/** What is left of the anonymous window after a request of nobody with these fields. */
const leftFor = async ({ call }: Pick<TestApp, 'call'>, headers: Record<string, string>): Promise<number> => {
  const answer = await call('GET', '/nowhere', { headers });
  if (answer.status >= 500) throw new Error(`answered ${answer.status}`);
  return Number(/"anonymous";r=(\d+)/.exec(answer.headers.get('ratelimit') ?? '')?.[1]);
};

const LEFT = WALL.anonymous - 1;

describe('without configured proxies', () => {
  let app: Wall;

  beforeAll(async () => {
    app = await startWall({ TRUSTED_PROXIES: '' });
  });

  afterAll(() => app.stop());

  it('no field gives a client another address', async () => {
    const fields: Record<string, string>[] = [
      { 'x-forwarded-for': '198.51.100.1' },
      { 'x-forwarded-for': '127.0.0.1' },
      { 'x-forwarded-for': '::1' },
      { forwarded: 'for=198.51.100.2' },
      { 'x-real-ip': '198.51.100.3' },
      { 'x-client-ip': '198.51.100.4' },
      { 'cf-connecting-ip': '198.51.100.5' },
      { 'true-client-ip': '198.51.100.6' },
      { 'x-cluster-client-ip': '198.51.100.7' },
    ];
    const left: number[] = [];
    // `call` of a wall sends an address of its own too, which nobody asked for here.
    for (const each of fields) left.push(await leftFor(app, each));
    expect(left).toEqual(fields.map((_, i) => LEFT - i));
  });
});

describe('with configured proxies', () => {
  let app: Wall;

  beforeAll(async () => {
    app = await startWall({ TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8,2001:db8:ffff::/48' });
  });

  afterAll(() => app.stop());

  const forwarded = (chain: string) => leftFor(app, { 'x-forwarded-for': chain });

  it('counts the address that the proxy names', async () => {
    expect([await forwarded('203.0.113.1'), await forwarded('203.0.113.2')]).toEqual([LEFT, LEFT]);
    expect(await forwarded('203.0.113.1')).toBe(LEFT - 1);
  });

  it('counts the last address that is no proxy: what a client wrote in front is not believed', async () => {
    const lies = ['1.1.1.1', '2.2.2.2', '10.0.0.1', '127.0.0.1', 'nonsense', '', '1.1.1.1, 2.2.2.2'];
    const left: number[] = [];
    for (const lie of lies) left.push(await forwarded(`${lie}, 203.0.113.3`));
    expect(left).toEqual(lies.map((_, i) => LEFT - i));
  });

  it('walks over a chain of proxies', async () => {
    const first = await forwarded('203.0.113.4, 10.1.2.3, 10.4.5.6');
    const second = await forwarded('203.0.113.4, 2001:db8:ffff::7');
    const third = await forwarded('203.0.113.4,10.1.2.3');
    expect([first, second, third]).toEqual([LEFT, LEFT - 1, LEFT - 2]);
  });

  it('does not walk over a proxy that is not configured', async () => {
    expect([await forwarded('203.0.113.5, 11.0.0.1'), await forwarded('203.0.113.6, 11.0.0.1')]).toEqual([
      LEFT,
      LEFT - 1,
    ]);
  });

  it('counts a whole /64 as one, and its neighbour as another', async () => {
    const same = [
      '2001:db8:1:2::1',
      '2001:db8:1:2:ffff:ffff:ffff:ffff',
      '2001:DB8:1:2:0:0:0:1',
      '2001:db8:1:2::3%eth0',
    ];
    const left: number[] = [];
    for (const address of same) left.push(await forwarded(address));
    expect(left).toEqual(same.map((_, i) => LEFT - i));
    expect(await forwarded('2001:db8:1:3::1')).toBe(LEFT);
  });

  it('counts an IPv4 address the same when it is mapped into IPv6', async () => {
    const same = ['203.0.113.7', '::ffff:203.0.113.7', '::FFFF:CB00:7107', '0:0:0:0:0:ffff:203.0.113.7'];
    const left: number[] = [];
    for (const address of same) left.push(await forwarded(address));
    expect(left).toEqual(same.map((_, i) => LEFT - i));
  });

  it.each([
    'unknown',
    '203.0.113.8:4711',
    '[2001:db8::1]:443',
    '_hidden',
    '256.1.1.1',
    '1.2.3',
    '0x7f.1',
    '-',
    'a'.repeat(5_000),
  ])('takes what is no address for what the proxy does not know, and never fails: %s', async (word) => {
    const here = `10.77.${word.length % 256}.${word.charCodeAt(0)}`;
    expect([await forwarded(`${word}, ${here}`), await forwarded(`${word}, ${here}`), await forwarded(here)]).toEqual([
      LEFT,
      LEFT - 1,
      LEFT - 2,
    ]);
  });

  it('does not make a login fail, nor a URL that is refused before any hook', async () => {
    const { email, password } = await asUser(app);
    const headers = { 'x-forwarded-for': 'unknown, 10.99.0.1' };
    const login = await app.call('POST', '/api/v1/auth/login', { json: { email, password }, headers });
    const refused = await app.call('GET', '/api/v1/data/%zz', { headers });
    expect([login.status, refused.status]).toEqual([200, 400]);
  });
});
