import { describe, expect, it } from 'vitest';
import { addressBucket, coarseBucket, networkOf, normalizeAddress, parseCidrs } from './address.js';

const notAddresses = [
  '',
  ' ',
  'localhost',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '0x1.2.3.4',
  '16909060',
  '256.1.1.1',
  '1.2.3.4 ',
  ' 1.2.3.4',
  '1.2.3.4\n',
  '1.2.3.4/32',
  '1.2.3.4:80',
  '1.2.3.4%eth0',
  '[::1]',
  '::1 ',
  ':::',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1::2::3',
  '12345::',
  'g::',
  '::ffff:1.2.3',
  '::ffff:01.2.3.4',
  'unknown',
  '_hidden',
  `${'1'.repeat(100)}.1.1.1`,
];

const dotted = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');

describe('normalizeAddress', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:0201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:201', '192.0.2.1'],
    ['0000:0000:0000:0000:0000:FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1%eth0', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:0db8:0000:0001:0001:0001:0001:0001', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['::192.0.2.1', '::c000:201'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['1:2:3:4:5:6:255.255.255.255', '1:2:3:4:5:6:ffff:ffff'],
  ])('writes %s as %s', (ip, expected) => {
    expect(normalizeAddress(ip)).toBe(expected);
  });

  it.each(notAddresses)('refuses %j', (ip) => {
    for (const read of [normalizeAddress, addressBucket, networkOf, coarseBucket]) {
      expect(() => read(ip)).toThrow(RangeError);
    }
  });
});

describe('addressBucket', () => {
  it('counts an IPv4 address by itself, also when it is mapped', () => {
    expect(addressBucket('192.0.2.1')).toBe('192.0.2.1');
    expect(addressBucket('::ffff:192.0.2.1')).toBe('192.0.2.1');
    expect(addressBucket('::ffff:c000:201')).toBe('192.0.2.1');
  });

  it('counts IPv6 by its /64', () => {
    expect(addressBucket('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(addressBucket('2001:DB8:1:2:FFFF::')).toBe('2001:db8:1:2::/64');
    expect(addressBucket('2001:db8:1:3::')).toBe('2001:db8:1:3::/64');
    expect(addressBucket('::1')).toBe('::/64');
    expect(addressBucket('fe80::1%eth0')).toBe('fe80::/64');
  });

  it('answers the same after more addresses than it remembers', () => {
    for (let round = 0; round < 2; round += 1) {
      for (let i = 0; i < 5_000; i += 1) {
        const part = i.toString(16);
        expect(addressBucket(`2001:db8:${part}:1::7`)).toBe(`2001:db8:${part}:1::/64`);
      }
    }
  });
});

describe('networkOf and coarseBucket', () => {
  it('shows a /24 or a /48', () => {
    expect(networkOf('192.0.2.130')).toBe('192.0.2.0/24');
    expect(networkOf('::ffff:192.0.2.130')).toBe('192.0.2.0/24');
    expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1::/48');
  });

  it('shares a /16 or a /32', () => {
    expect(coarseBucket('192.168.2.130')).toBe('192.168.0.0/16');
    expect(coarseBucket('::ffff:192.168.2.130')).toBe('192.168.0.0/16');
    expect(coarseBucket('1.2.3.4')).toBe('1.2.0.0/16');
    expect(coarseBucket('2001:db8:1:2:3:4:5:6')).toBe('2001:db8::/32');
  });
});

describe('parseCidrs', () => {
  it('holds what is inside its networks and nothing beside', () => {
    const cidrs = parseCidrs(['192.0.2.0/25', '10.0.0.7', '2001:db8:1::/48', '::1']);
    const inside = ['192.0.2.0', '192.0.2.127', '10.0.0.7', '2001:db8:1:ffff::1', '::1', '::ffff:10.0.0.7'];
    const outside = ['192.0.2.128', '192.0.1.255', '10.0.0.6', '2001:db8:2::', '::2', '::', '::ffff:10.0.0.8'];
    expect([...inside, ...outside].filter((ip) => cidrs.contains(ip))).toEqual(inside);
  });

  it('cuts at any bit, not only at whole bytes', () => {
    for (let prefix = 1; prefix <= 32; prefix += 1) {
      const cidrs = parseCidrs([`255.255.255.255/${prefix}`]);
      const low = (0xffffffff << (32 - prefix)) >>> 0;
      expect(cidrs.networks).toEqual([`${dotted(low)}/${prefix}`]);
      expect([low - 1, low, 0xffffffff].map((n) => cidrs.contains(dotted(n)))).toEqual([false, true, true]);
    }
    expect(parseCidrs(['255.255.255.255/0']).networks).toEqual(['0.0.0.0/0']);
  });

  it('stores networks without host bits and in one form', () => {
    expect(
      parseCidrs(['10.1.2.3/8', '::ffff:10.1.2.3/104', '::ffff:10.1.2.3', '2001:DB8::1/32', '::1']).networks,
    ).toEqual(['10.0.0.0/8', '10.0.0.0/8', '10.1.2.3/32', '2001:db8::/32', '::1/128']);
  });

  it('keeps the families apart: everything of IPv6 holds no IPv4 address', () => {
    expect(parseCidrs(['::/0']).contains('192.0.2.1')).toBe(false);
    expect(parseCidrs(['::/0']).contains('2001:db8::1')).toBe(true);
    expect(parseCidrs(['0.0.0.0/0']).contains('::1')).toBe(false);
    expect(parseCidrs(['0.0.0.0/0']).contains('192.0.2.1')).toBe(true);
  });

  it('holds nothing when it is empty, and never what is not an address', () => {
    expect(parseCidrs([]).contains('192.0.2.1')).toBe(false);
    expect(notAddresses.filter((ip) => parseCidrs(['0.0.0.0/0', '::/0']).contains(ip))).toEqual([]);
  });

  const refused = [
    ...notAddresses.filter((ip) => ip !== '1.2.3.4/32'),
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/+8',
    '10.0.0.0/-1',
    '10.0.0.0/8.0',
    '10.0.0.0/255.0.0.0',
    '10.0.0.0 /8',
    '10.0.0.0/8/8',
    '10/8',
    '2001:db8::/129',
    '2001:db8::/999',
    'fe80::1%eth0/64',
    'fe80::1%eth0',
    '::ffff:10.0.0.0/95',
    '10.0.0.0/8,11.0.0.0/8',
    '*',
  ];
  it.each(refused)('refuses %j', (cidr) => {
    expect(() => parseCidrs([cidr])).toThrow(RangeError);
  });
});
