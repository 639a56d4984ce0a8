import { describe, expect, it } from 'vitest';
import { redisConnection } from './redis.js';

const plain = { host: 'h', port: 6379, username: undefined, password: undefined, database: 0, tls: false };

describe('redisConnection()', () => {
  it.each([
    ['redis://h', {}],
    ['redis://h/', {}],
    ['redis://h:7000/3', { port: 7000, database: 3 }],
    ['redis://:p%40%2F@h', { password: 'p@/' }],
    ['redis://u:p@h', { username: 'u', password: 'p' }],
    ['rediss://u@h', { username: 'u', tls: { ca: undefined } }],
    ['redis://[::1]:6380', { host: '::1', port: 6380 }],
  ])('reads %s', (url, changes) => {
    expect(redisConnection(url)).toEqual({ ...plain, ...changes });
  });

  it('prefers a password that is given beside the URL', () => {
    expect(redisConnection('redis://u:p@h', 'other').password).toBe('other');
  });

  it.each([
    '',
    'h:6379',
    'http://h',
    'redis:h',
    'redis://',
    'redis://h/x',
    'redis://h/0/1',
    'redis://h?tls=true',
    'redis://h#0',
    'redis://h:99999',
    'redis://%E0%A4%A@h',
  ])('refuses %o and does not repeat it', (url) => {
    expect(() => redisConnection(url)).toThrow(/^must be a URL such as /);
  });

  it('refuses certificates that cannot be read, and names the variable alone', () => {
    expect(() => redisConnection('rediss://h', undefined, '/nonexistent/ca.pem')).toThrow(/REDIS_CA_FILE/);
  });
});
