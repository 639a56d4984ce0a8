import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

// node:net decides what is an address: ipaddr.js alone also takes octal, hexadecimal and short forms of IPv4.
function parse(ip: string): Address {
  if (isIPv4(ip)) return ipaddr.IPv4.parse(ip);
  if (!isIPv6(ip)) throw new RangeError('not an IP address');
  const zone = ip.indexOf('%');
  const address = ipaddr.IPv6.parse(withoutDots(zone < 0 ? ip : ip.slice(0, zone)));
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

// ::192.0.2.1 as ::c000:201, because ipaddr.js takes it for the mapped ::ffff:192.0.2.1, which it is not (RFC 4291, 2.5.5).
function withoutDots(ip: string): string {
  if (!ip.includes('.')) return ip;
  const start = ip.lastIndexOf(':') + 1;
  const bytes = ip.slice(start).split('.').map(Number);
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  return `${ip.slice(0, start)}${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
}

function text(address: Address): string {
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
}

// The bits after the prefix become zero.
function mask(address: Address, prefix: number): Address {
  const bytes = address
    .toByteArray()
    .map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))));
  return ipaddr.fromByteArray(bytes);
}

function network(ip: string, v4Prefix: number, v6Prefix: number): string {
  const address = parse(ip);
  const prefix = address.kind() === 'ipv4' ? v4Prefix : v6Prefix;
  return `${text(mask(address, prefix))}/${prefix}`;
}

/**
 * One text for one address: IPv4-mapped IPv6 becomes IPv4, IPv6 the form of RFC 5952 without its zone.
 * Throws a RangeError for anything else.
 */
export function normalizeAddress(ip: string): string {
  return isIPv4(ip) ? ip : text(parse(ip));
}

const LARGEST_MEMO = 4_096;

// The last answers, since the same addresses come again with each request. Emptying it whole costs less than an order of use.
function remember(compute: (ip: string) => string): (ip: string) => string {
  const answers = new Map<string, string>();
  return (ip) => {
    let answer = answers.get(ip);
    if (answer === undefined) {
      answer = compute(ip);
      if (answers.size >= LARGEST_MEMO) answers.clear();
      answers.set(ip, answer);
    }
    return answer;
  };
}

const ipv6Bucket = remember((ip) => {
  const address = parse(ip);
  return address.kind() === 'ipv4' ? text(address) : `${text(mask(address, 64))}/64`;
});
const ipv6Coarse = remember((ip) => network(ip, 16, 32));

/**
 * What a client is counted by: its IPv4 address, or its IPv6 /64, because a single subscriber holds a whole /64
 * (RFC 6177) and would otherwise have 2^64 counters to spend. Throws a RangeError for what is not an address.
 */
export function addressBucket(ip: string): string {
  return isIPv4(ip) ? ip : ipv6Bucket(ip);
}

/** The network an address is shown as, /24 or /48: enough to recognise a place, too little to name a household. */
export function networkOf(ip: string): string {
  return network(ip, 24, 48);
}

/** The network whose new clients share a counter when counters are full: IPv4 /16, IPv6 /32, one allocation each. */
export function coarseBucket(ip: string): string {
  // Asked for on each request, like addressBucket().
  return isIPv4(ip) ? `${ip.slice(0, ip.indexOf('.', ip.indexOf('.') + 1))}.0.0/16` : ipv6Coarse(ip);
}

/** A set of networks; parseCidrs() makes it. */
export class Cidrs {
  private readonly ranges: readonly [Address, number][];
  /** The networks in canonical form: host bits zero, a single address with its /32 or /128. */
  readonly networks: readonly string[];

  constructor(ranges: readonly [Address, number][]) {
    this.ranges = ranges;
    this.networks = ranges.map(([address, prefix]) => `${text(address)}/${prefix}`);
  }

  /** Whether the address lies in one of the networks. What is not an address lies in none: it never throws. */
  contains(ip: string): boolean {
    if (!isIPv4(ip) && !isIPv6(ip)) return false;
    const address = parse(ip);
    const kind = address.kind();
    return this.ranges.some(([base, prefix]) => base.kind() === kind && address.match(base, prefix));
  }
}

function parseCidr(cidr: string): [Address, number] {
  const match = /^([0-9a-fA-F:.]{2,45})(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(cidr);
  const ip = match?.[1];
  if (ip === undefined || (!isIPv4(ip) && !isIPv6(ip))) throw new RangeError('not a network such as 192.0.2.0/24');
  const address = parse(ip);
  const width = isIPv4(ip) ? 32 : 128;
  const written = Number(match?.[2] ?? width);
  // ::ffff:10.0.0.0/104 is 10.0.0.0/8; a mapped prefix shorter than 96 would cover more than the mapped addresses.
  const prefix = width === 128 && address.kind() === 'ipv4' ? written - 96 : written;
  if (written > width || prefix < 0) throw new RangeError('the prefix length of a network is out of range');
  return [mask(address, prefix), prefix];
}

/**
 * Reads networks in CIDR notation (RFC 4632, RFC 4291) and single addresses. Host bits are allowed and dropped.
 * Throws a RangeError for everything else: white space, zones, netmasks, octal or short IPv4.
 */
export function parseCidrs(list: readonly string[]): Cidrs {
  return new Cidrs(list.map(parseCidr));
}
