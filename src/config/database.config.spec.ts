import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectionOf } from './database.config.js';

const plain = { host: 'h', port: 5432, user: 'u', password: 'p', database: 'd', ssl: false };

describe('connectionOf()', () => {
  it.each([
    ['postgres://u:p@h/d', {}],
    ['postgresql://u:p@h:6543/d', { port: 6543 }],
    ['postgres://u@h/d', { password: undefined }],
    ['postgres://u:p%40%2F%3A@h/d', { password: 'p@/:' }],
    ['postgres://u:p@[::1]:5433/d', { host: '::1', port: 5433 }],
    ['postgres://u@/d?host=/var/run/postgresql', { host: '/var/run/postgresql', password: undefined }],
    ['postgres:///d?host=/run/pg&user=u&port=6000', { host: '/run/pg', port: 6000, password: undefined }],
    ['postgres://u:p@h/d?sslmode=disable', {}],
    ['postgres://u:p@h/d?sslmode=no-verify', { ssl: { ca: undefined, rejectUnauthorized: false } }],
    ['postgres://u:p@h/d?a=b&sslmode=require', { ssl: { ca: undefined, rejectUnauthorized: true } }],
    ['postgres://u:p@h/d?sslmode=verify-ca&a=b', { ssl: { ca: undefined, rejectUnauthorized: true } }],
    ['postgres://u:p@h/d?sslmode=verify-full', { ssl: { ca: undefined, rejectUnauthorized: true } }],
  ])('reads %s', (url, changes) => {
    expect(connectionOf(url)).toEqual({ ...plain, ...changes });
  });

  it('prefers a password that is given beside the URL', () => {
    expect(connectionOf('postgres://u:p@h/d', 'other').password).toBe('other');
  });

  it.each([
    '',
    'h:5432/d',
    'postgres://u:p@h',
    'postgres://u:p@h/',
    'mysql://u:p@h/d',
    'socket:/var/run?db=d',
    'postgres://u:p@h:99999/d',
    'postgres://u:p@h/d?port=x',
    'postgres://u:p@h/d?ssl=true',
    'postgres://u:p@h/d?sslmode=prefer',
    'postgres://u:p@h/d?sslmode=verify_full',
    'postgres://u:p@h/d?sslmode=',
  ])('refuses %j in words that do not repeat it', (url) => {
    expect(() => connectionOf(url)).toThrow(RangeError);
    expect(() => connectionOf(url)).toThrow(/^(must be a URL such as|has an sslmode other than) [^@]+(@host[^@]+)?$/);
  });

  it('verifies the server with DATABASE_CA_FILE, and says when that cannot be read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rampart-ca-'));
    const file = join(folder, 'ca.pem');
    writeFileSync(file, 'an authority');
    const url = 'postgres://u:p@h/d?sslmode=verify-full';
    expect(connectionOf(url, undefined, file).ssl).toEqual({ ca: 'an authority', rejectUnauthorized: true });
    rmSync(folder, { recursive: true });
    expect(() => connectionOf(url, undefined, file)).toThrow(/DATABASE_CA_FILE names cannot be read$/);
  });
});
