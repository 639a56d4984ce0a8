import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AccessTokenFormatError, inspectAccessToken } from './access-token-format.js';

const now = 1_800_000_000;
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const header = { alg: 'ES256', typ: 'at+jwt', kid: 'key-1' };
const claims = {
  iss: 'https://api.example.com/oauth',
  sub: '0190a5c4-0000-7000-8000-000000000000',
  aud: 'https://api.example.com/api',
  client_id: 'first-party',
  jti: '0190a5c4-0000-7000-8000-000000000001',
  scope: 'data:read data:write',
  sid: '0190a5c4-0000-7000-8000-000000000002',
  iat: now,
  exp: now + 600,
};

type Part = object | string | Buffer;
const encode = (part: Part) =>
  (Buffer.isBuffer(part) ? part : Buffer.from(typeof part === 'string' ? part : JSON.stringify(part))).toString(
    'base64url',
  );

// Every variant is signed rightly: only its form can be the reason to refuse it.
function token(head: Part = header, body: Part = claims): string {
  const input = `${encode(head)}.${encode(body)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const good = token();
const [h = '', p = '', s = ''] = good.split('.');
const headText = JSON.stringify(header);
const bodyText = JSON.stringify(claims);
const without = (object: object, name: string) =>
  Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
const withText = (body: string) => token(header, body);

// Other bits where the last character has some to spare.
const last = (part: string) => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return part.slice(0, -1) + alphabet[alphabet.indexOf(part.at(-1)!) ^ 1];
};

const LIFE = 600;

describe('inspectAccessToken', () => {
  it('answers the key id of a good token', () => {
    expect(inspectAccessToken(good, LIFE, now)).toEqual({ kid: 'key-1' });
    expect(inspectAccessToken(token({ ...header, kid: '~'.repeat(128) }), LIFE, now)).toEqual({ kid: '~'.repeat(128) });
  });

  const accepted: Record<string, string> = {
    'an empty scope': token(header, { ...claims, scope: '' }),
    'no sid': token(header, without(claims, 'sid')),
    'not before now': token(header, { ...claims, nbf: now }),
    'issued five seconds ahead': token(header, { ...claims, iat: now + 5, nbf: now + 5 }),
    'one second left': token(header, { ...claims, iat: now - 599, exp: now + 1 }),
    'a life of as long as any, and the clocks apart': token(header, { ...claims, exp: now + LIFE + 5 }),
    'further claims': token(header, {
      ...claims,
      auth_time: now,
      acr: '1',
      amr: ['pwd'],
      cnf: { jkt: 'x', jwk: { a: [] } },
    }),
    'equal names in different objects': token(header, { ...claims, act: { sub: 'a', act: { sub: 'b' } } }),
    'a claim that looks like a name or a number': token(header, { ...claims, note: '"iss":1.5, {"a":1,"a":2} \\ 1e5' }),
    'white space': withText(` ${bodyText.replaceAll('":', '" :\n')} `),
    'another order': token({ kid: 'k', typ: 'at+jwt', alg: 'ES256' }),
    'text beyond ASCII': token(header, { ...claims, sub: 'é😀' }),
  };
  it.each(Object.entries(accepted))('accepts %s', (_, text) => {
    expect(inspectAccessToken(text, LIFE, now).kid).toMatch(/^k/);
  });

  it('uses the clock of the machine unless told the time', () => {
    const seconds = Math.floor(Date.now() / 1_000);
    expect(() =>
      inspectAccessToken(token(header, { ...claims, iat: seconds, exp: seconds + 600 }), LIFE),
    ).not.toThrow();
    expect(() => inspectAccessToken(token(header, { ...claims, iat: seconds - 99, exp: seconds - 1 }), LIFE)).toThrow(
      AccessTokenFormatError,
    );
  });

  // A payload whose last character has bits to spare.
  const loose = ['', 'x', 'xx']
    .map((pad) => token(header, { ...claims, pad }).split('.'))
    .find((parts) => parts[1]!.length % 4)!;
  const refused: Record<string, string> = {
    'no text': '',
    'a word': 'x',
    dots: '..',
    'two parts': `${h}.${p}`,
    'two parts and a dot': `${h}.${p}.`,
    'no header': `.${p}.${s}`,
    'no payload': `${h}..${s}`,
    'four parts': `${good}.${s}`,
    'a dot at the end': `${good}.`,
    'a dot at the start': `.${good}`,
    'five parts, as encrypted': `${good}.${s}.${s}`,
    'a space before': ` ${good}`,
    'a line feed after': `${good}\n`,
    'a space inside': `${h}. ${p}.${s}`,
    'padding in the signature': `${good}==`,
    'padding in the header': `${h}=.${p}.${s}`,
    'the other base64 alphabet': `${h}.${p}.${'+/'.repeat(43)}`,
    'loose bits in the signature': `${h}.${p}.${last(s)}`,
    'loose bits in the payload': `${loose[0]}.${last(loose[1]!)}.${loose[2]}`,
    'a character that decoders skip': `${h}.${p.slice(0, 8)}!${p.slice(8)}.${s}`,
    'a NUL that decoders skip': `${h}\0.${p}.${s}`,
    'a signature of 63 bytes': `${h}.${p}.${Buffer.alloc(63, 1).toString('base64url')}`,
    'a signature of 65 bytes': `${h}.${p}.${Buffer.alloc(65, 1).toString('base64url')}`,
    'a DER signature': `${h}.${p}.${sign('sha256', Buffer.from(`${h}.${p}`), privateKey).toString('base64url')}`,
    'more than 4096 characters': token(header, { ...claims, pad: 'x'.repeat(3_200) }),
    'deep nesting': withText(bodyText.replace('{', `{"x":${'['.repeat(1_200)}${']'.repeat(1_200)},"y":1.5,`)),
    'alg none': token({ ...header, alg: 'none' }),
    'alg es256': token({ ...header, alg: 'es256' }),
    'alg HS256': token({ ...header, alg: 'HS256' }),
    'alg ES384': token({ ...header, alg: 'ES384' }),
    'alg in an array': token({ ...header, alg: ['ES256'] }),
    'no alg': token(without(header, 'alg')),
    'typ JWT': token({ ...header, typ: 'JWT' }),
    'typ AT+JWT': token({ ...header, typ: 'AT+JWT' }),
    'typ application/at+jwt': token({ ...header, typ: 'application/at+jwt' }),
    'typ null': token({ ...header, typ: null }),
    'no typ': token(without(header, 'typ')),
    'no kid': token(without(header, 'kid')),
    'an empty kid': token({ ...header, kid: '' }),
    'a kid of 129 characters': token({ ...header, kid: 'k'.repeat(129) }),
    'a kid with a space': token({ ...header, kid: 'key 1' }),
    'a kid with a line feed': token({ ...header, kid: 'key-1\n' }),
    'a kid beyond ASCII': token({ ...header, kid: 'é' }),
    'a kid that is a number': token({ ...header, kid: 1 }),
    crit: token({ ...header, crit: ['exp'] }),
    jku: token({ ...header, jku: 'https://evil.example/jwks' }),
    jwk: token({ ...header, jwk: { kty: 'EC' } }),
    x5u: token({ ...header, x5u: 'https://evil.example' }),
    b64: token({ ...header, b64: true }),
    'zip in place of kid': token({ alg: 'ES256', typ: 'at+jwt', zip: 'DEF' }),
    '__proto__ in place of typ': token('{"alg":"ES256","kid":"k","__proto__":{"typ":"at+jwt"}}'),
    'a repeated alg': token(headText.replace('{', '{"alg":"none",')),
    'a repeated alg, hidden by an escape': token(headText.replace('{', '{"\\u0061lg":"none",')),
    'an escaped name alone': token(headText.replace('"alg"', '"\\u0061lg"')),
    'a header that is an array': token('["ES256"]'),
    'a header that is null': token('null'),
    'a header that is a string': token('"alg"'),
    'a header that is no JSON': token('{alg:ES256}'),
    'a header with text after it': token(`${headText}{}`),
    'a header with a byte order mark': token(`\ufeff${headText}`),
    'a header that is no UTF-8': token(Buffer.from(headText.replace('key-1', 'key-\xff'), 'latin1')),
    'a payload that is no UTF-8': token(header, Buffer.from(bodyText.replace('first', '\xff'), 'latin1')),
    'a payload that is an array': withText(`[${bodyText}]`),
    'a payload that is a string': withText(JSON.stringify(bodyText)),
    'a payload that is no JSON': withText(bodyText.slice(0, -1)),
    'an empty payload': withText('{}'),
    'a repeated sub': withText(bodyText.replace('{', '{"sub":"someone",')),
    'a repeated sub, hidden by an escape': withText(bodyText.replace('{', '{"su\\u0062":"someone",')),
    'a repeated sub with the same value': withText(bodyText.replace('{', `{"sub":"${claims.sub}",`)),
    'a repeated exp at the end': withText(bodyText.replace('}', `, "exp" :${now + 601}}`)),
    'a repeated member deep inside': withText(bodyText.replace('{', '{"act":[{"cnf":{"a":1,"b":2,"a":1}}],')),
    'a repeated empty name': withText(bodyText.replace('{', '{"":1,"":2,')),
    'a repeated __proto__': withText(bodyText.replace('{', '{"__proto__":1,"__proto__":2,')),
    'claims in a prototype': withText(`{"__proto__":${bodyText}}`),
    'exp as text': token(header, { ...claims, exp: String(now + 600) }),
    'exp with a fraction': token(header, { ...claims, exp: now + 600.5 }),
    'exp with a zero fraction': withText(bodyText.replace(`${now + 600}`, `${now + 600}.0`)),
    'exp with an exponent': withText(bodyText.replace(`${now + 600}`, '18000006e2')),
    'exp beyond the safe integers': token(header, { ...claims, exp: 2 ** 53, iat: 2 ** 53 - 600 }),
    'exp of 1e300': token(header, { ...claims, exp: 1e300 }),
    'exp null': token(header, { ...claims, exp: null }),
    'exp true': token(header, { ...claims, exp: true }),
    'exp in an array': token(header, { ...claims, exp: [now + 600] }),
    'iat as text': token(header, { ...claims, iat: String(now) }),
    'iat with an exponent': withText(bodyText.replace(`"iat":${now}`, '"iat":18e8')),
    'nbf as text': token(header, { ...claims, nbf: String(now) }),
    'nbf null': token(header, { ...claims, nbf: null }),
    expired: token(header, { ...claims, iat: now - 600, exp: now }),
    'issued in the future': token(header, { ...claims, iat: now + 6 }),
    'issued in the future, though valid from now': token(header, { ...claims, iat: now + 6, nbf: now }),
    'not yet valid': token(header, { ...claims, nbf: now + 6 }),
    'a life longer than any': token(header, { ...claims, exp: now + LIFE + 6 }),
    'issued long ago': token(header, { ...claims, iat: now - 86_000, exp: now + 600 }),
    'expired before it was issued': token(header, { ...claims, iat: now + 5, exp: now + 5 }),
    'a negative iat': token(header, { ...claims, iat: -1 }),
    'aud as a list': token(header, { ...claims, aud: [claims.aud] }),
    'iss as an object': token(header, { ...claims, iss: {} }),
    'sub as a number': token(header, { ...claims, sub: 1 }),
    'scope as a list': token(header, { ...claims, scope: ['data:read'] }),
    'sid as a number': token(header, { ...claims, sid: 1 }),
    'sid null': token(header, { ...claims, sid: null }),
    ...Object.fromEntries(
      ['iss', 'sub', 'aud', 'client_id', 'jti', 'scope', 'iat', 'exp'].map((name) => [
        `no ${name}`,
        token(header, without(claims, name)),
      ]),
    ),
    ...Object.fromEntries(
      ['iss', 'sub', 'aud', 'client_id', 'jti', 'sid'].map((name) => [
        `an empty ${name}`,
        token(header, { ...claims, [name]: '' }),
      ]),
    ),
  };

  it('tries variants that each differ from the good token', () => {
    const texts = Object.values(refused);
    expect(texts.length).toBeGreaterThan(100);
    expect(new Set(texts).size).toBe(texts.length);
    expect(loose[1]!.length % 4).not.toBe(0);
    expect(Buffer.from(last(loose[1]!), 'base64url').equals(Buffer.from(loose[1]!, 'base64url'))).toBe(true);
    expect(() => inspectAccessToken(loose.join('.'), LIFE, now)).not.toThrow();
  });

  it.each(Object.entries(refused))('refuses %s', (_, text) => {
    expect(() => inspectAccessToken(text, LIFE, now)).toThrow(AccessTokenFormatError);
    // The message is one of a few fixed sentences, so it holds nothing of the token.
    expect(() => inspectAccessToken(text, LIFE, now)).toThrow(/^access token refused: [a-z_]+ [A-Za-z0-9 ,+-]+$/);
  });

  it('refuses a character put in the place of any other, or between any two, that base64url does not have', () => {
    for (let i = 0; i < good.length; i += 1) {
      for (const c of ['=', '!', '.', ' ', '\0', '+', 'é']) {
        const changed = [good.slice(0, i) + c + good.slice(i), good.slice(0, i) + c + good.slice(i + 1)];
        for (const text of changed.filter((other) => other !== good)) {
          expect(() => inspectAccessToken(text, LIFE, now)).toThrow(AccessTokenFormatError);
        }
      }
    }
  });

  it('refuses what is no text', () => {
    for (const text of [undefined, null, 1, {}, [good]]) {
      expect(() => Reflect.apply(inspectAccessToken, undefined, [text, LIFE, now])).toThrow(AccessTokenFormatError);
    }
  });
});
