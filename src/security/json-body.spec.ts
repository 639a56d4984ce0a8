import { describe, expect, it } from 'vitest';
import { JsonBodyError, type JsonBodyErrorCode, jsonSize, nestingDepth, parseJsonBody, readJson } from './json-body.js';

const parse = (text: string) => parseJsonBody(Buffer.from(text));
function refusal(read: () => unknown): { code: JsonBodyErrorCode; pointer: string } | null {
  try {
    read();
    return null;
  } catch (error) {
    if (!(error instanceof JsonBodyError)) throw error;
    return { code: error.code, pointer: error.pointer };
  }
}

const nested = (depth: number, inside = '') => '['.repeat(depth) + inside + ']'.repeat(depth);
const zeros = (n: number) => '0'.repeat(n);
// What stands between vertical bars or on lines of its own.
const list = (text: string) => text.trim().split(/\s*\n\s*|\s+\|\s+/);

describe('parseJsonBody', () => {
  it.each(
    list(String.raw`
      null | 0 | -0 | "" | [1, 2.5, {"a": [true, false, null]}] | "\ud83d\ude00 😀 \u00e9 é \uffff \u0001 \u007f"
      {"constructor":"Ferrari"} | {"constructor":[{"prototype":1}]} | {"constructor":{"a":{"prototype":1}}}
      {"constructor":{"name":"prototype"},"prototype":{"constructor":1}} | [{"constructor":1},{"prototype":2}]
      ["__proto__","constructor",{"proto":1,"__proto":2,"_proto__":3}] | {"toString":1,"hasOwnProperty":2,"valueOf":3}
      "\\u0000 \\ud800" | 9007199254740991 | -9007199254740991 | 1e300 | 1.7976931348623157e308
      -1.7976931348623157E+308 | 5e-324 | 9007199254740993.0 | 9007199254740993e0 | 0.1234567890123456789 | 0e400
      -0.000e-400 | 0.00000000000000000000000000000000000 | ["9007199254740993","1e400",":1e400"]
      {"9007199254740993":1,"1e400":2}`),
  )('reads %s as JSON.parse does', (text) => {
    expect(JSON.stringify(parse(text))).toBe(JSON.stringify(JSON.parse(text)));
  });

  const controls = ['', ' ', '"\n"', '"\u0000"', '\u00a01', '\ufeff{}', '{}\ufeff', ' { } , '];
  it.each([
    ...controls,
    ...list(String.raw`
      { | {"a":1,} | {'a':1} | [1,] | NaN | Infinity | 01 | +1 | .5 | 1. | 1 2 | "\x41" | "\u12" | /**/1 | undefined
      " | "\ | {"__proto__" | [1e400 | "\ud800`),
  ])('finds %j malformed', (text) => {
    expect(refusal(() => parse(text))).toEqual({ code: 'body_malformed', pointer: '' });
  });

  // An overlong slash, an encoded surrogate, a cut sequence, a stray continuation, beyond U+10FFFF, Latin-1, UTF-16, a BOM.
  it.each(list('22c0af22 | 22eda08022 | 22e28222 | 228022 | 22f490808022 | 22e922 | fffe3100 | efbbbf31'))(
    'finds the bytes %s malformed',
    (hex) => {
      expect(refusal(() => parseJsonBody(Buffer.from(hex, 'hex')))).toEqual({ code: 'body_malformed', pointer: '' });
    },
  );

  it.each(
    list(String.raw`
      {"__proto__":1} => /__proto__ | {"__pr\u006fto__":{}} => /__proto__ | {"a":{"__proto__":1},"a":2} => /a/__proto__
      {"\u005F\u005f\u0070\u0072\u006F\u0074\u006f\u005f\u005f":{}} => /__proto__
      {"a/b":[1,{"c~":{"x":0,"__proto__":null}}]} => /a~1b/1/c~0/__proto__
      {"constructor":{"prototype":{"x":1}}} => /constructor/prototype
      [{"constr\u0075ctor" : {"a":[{}],"prot\u006ftype":1}}] => /0/constructor/prototype
      {"constructor":{"prototype":1},"constructor":"x"} => /constructor/prototype`),
  )('forbids %s', (row) => {
    const [text = '', pointer] = row.split(/ =>\s*/);
    expect(refusal(() => parse(text))).toEqual({ code: 'body_forbidden_member', pointer });
  });

  it.each(
    list(String.raw`
      "\u0000" => | ["a","b\u0000"] => /1 | {"a":"\ud800"} => /a | {"a":"\uDFFF x"} => /a | {"a":"\ude00\ud83d"} => /a
      {"a":"\ud83d\ud83d\ude00"} => /a | {"a":{"\u0000":1}} => /a | {"a":[0,{"x\udc00":1}]} => /a/1 | {"\ud800":1} =>
      "\\\u0000" => | {"a":"\u0000","a":""} => /a`),
  )('refuses the string in %s', (row) => {
    const [text = '', pointer] = row.split(/ =>\s*/);
    expect(refusal(() => parse(text))).toEqual({ code: 'body_invalid_string', pointer });
  });

  it.each([
    ...list('1e400 | -1e400 | 1E+400 | 1e0000000400 | 1.7976931348623159e308 | 1e-400 | -1.5e-400'),
    ...list('9007199254740992 | -9007199254740992 | 9007199254740993 | 12345678901234567890'),
    ...list(`1${zeros(309)} | 1${zeros(309)}.5 | 1${zeros(250)}e99 | 0.${zeros(330)}1 | 0.${zeros(240)}1e-99`),
  ])('refuses the number %s, wherever it stands', (literal) => {
    const code = 'body_invalid_number';
    expect(refusal(() => parse(literal))).toEqual({ code, pointer: '' });
    expect(refusal(() => parse(` ${literal} `))).toEqual({ code, pointer: '' });
    expect(refusal(() => parse(`{"a":[1,${literal}]}`))).toEqual({ code, pointer: '/a/1' });
    expect(refusal(() => parse(`{"a":{"b" :\n${literal}}}`))).toEqual({ code, pointer: '/a/b' });
    expect(refusal(() => parse(`{"a":${literal},"a":1}`))).toEqual({ code, pointer: '/a' });
  });

  it('names the first offence', () => {
    expect(refusal(() => parse('[1e400,"\\u0000",{"__proto__":1}]'))?.code).toBe('body_invalid_number');
    expect(refusal(() => parse('[{"__proto__":"\\u0000"}]'))?.code).toBe('body_forbidden_member');
  });

  it('reads and refuses 40,000 nested arrays without recursion, with a pointer that stays short', () => {
    expect(nestingDepth(parse(nested(40_000)), 1e6)).toBe(40_000);
    expect(nestingDepth(parse(nested(40_000, '"constructor"')), 1e6)).toBe(40_000);
    const objects = '{"constructor":'.repeat(20_000);
    for (const text of [nested(40_000, '1e400'), `${objects}{"__proto__":1}${'}'.repeat(20_000)}`]) {
      const refused = refusal(() => parse(text));
      expect(refused?.pointer.length).toBeLessThanOrEqual(256);
      expect(refused?.pointer.length).toBeGreaterThan(200);
    }
  });

  it('reads 100 kB of the worst text in well under a second', () => {
    const worst = [
      nested(50_000, '"constructor"'),
      `[${'1e99,'.repeat(20_000)}1e100]`,
      `["constructor"${',""'.repeat(33_000)}]`,
      `"constructor${'\\\\'.repeat(49_000)}"`,
      `["constructor"${',"\\u0041"'.repeat(11_000)}]`,
      `"${'1'.repeat(15)}${',1'.repeat(50_000)}"`,
      `"constructor${'😀'.repeat(25_000)}"`,
    ];
    for (const text of worst) {
      const started = performance.now();
      expect(refusal(() => parse(text))).toBeNull();
      expect(performance.now() - started).toBeLessThan(500);
    }
  });
});

describe('parseJsonBody on generated documents', () => {
  let seed = 1;
  const random = (n: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
  const pick = <T>(items: readonly [T, ...T[]]): T => items[random(items.length)] ?? items[0];
  const space = () => pick(['', '', '', ' ', '\n', '\t ', '\r']);
  const hex = (code: number) => `\\u${pick([code.toString(16), code.toString(16).toUpperCase()]).padStart(4, '0')}`;
  const quote = (text: string) => {
    const units = Array.from(text).map((c) => {
      const plain = JSON.stringify(c).slice(1, -1);
      return random(4) > 0 ? plain : Array.from({ length: c.length }, (_, i) => hex(c.charCodeAt(i))).join('');
    });
    return `"${units.join('')}"`;
  };
  const word = () => pick(['a', 'é', '😀', 'constructor', 'prototyp', '\\', '"', '{[', '/~', '1e999', 'u0000', '']);
  const number = () => pick(['0', '-1', '1.5e9', '1e99', '9007199254740991', '1e300', '0.00000000000000000001']);

  // What is refused, why, and where within itself.
  const offences: (() => readonly [value: string, code: JsonBodyErrorCode, pointer: string])[] = [
    () => [`{${quote('__proto__')}:1}`, 'body_forbidden_member', '/__proto__'],
    () => [
      `{${quote('constructor')}:{"x":{},${quote('prototype')}:[]}}`,
      'body_forbidden_member',
      '/constructor/prototype',
    ],
    () => [`"x${pick(['\\u0000', '\\uD8aa', '\\udc00'])}"`, 'body_invalid_string', ''],
    () => [pick(['1e400', '9007199254740992', '1e-999']), 'body_invalid_number', ''],
  ];

  // A document, what it means, and the pointer to `planted`, which stands in it once. What it means is not asked of
  // JSON.parse, which reads some of these names wrong.
  type Document = { text: string; value: unknown; pointer: string };
  const leaf = (): Document => {
    const literal = pick([number, () => pick(['true', 'false', 'null'])])();
    if (random(2) === 0) return { text: literal, value: JSON.parse(literal), pointer: '' };
    const value = word();
    return { text: quote(value), value, pointer: '' };
  };
  const document = (depth: number, planted: string | null): Document => {
    if (planted !== null && depth <= 0) return { text: planted, value: undefined, pointer: '' };
    if (planted === null && (depth <= 0 || random(3) === 0)) return leaf();
    const isArray = random(2) === 0;
    const count = 1 + random(4);
    const chosen = planted === null ? -1 : random(count);
    let pointer = '';
    const members: [string, unknown][] = [];
    const items = Array.from({ length: count }, (_, index) => {
      const child = document(depth - 1, index === chosen ? planted : null);
      const name = word();
      const step = isArray ? String(index) : name.replaceAll('~', '~0').replaceAll('/', '~1');
      if (index === chosen) pointer = `/${step}${child.pointer}`;
      members.push([name, child.value]);
      return isArray ? child.text : `${quote(name)}${space()}:${space()}${child.text}`;
    });
    const text = items.map((item) => space() + item + space()).join(',');
    if (isArray) return { text: `[${text}]`, value: members.map(([, value]) => value), pointer };
    return { text: `{${text}}`, value: Object.fromEntries(members), pointer };
  };

  it('reads every harmless one, also the names that JSON.parse may read wrong', () => {
    for (let i = 0; i < 3_000; i += 1) {
      const { text, value } = document(random(6), null);
      expect({ text, value: parse(text) }).toEqual({ text, value });
      expect(JSON.stringify(readJson(text))).toBe(JSON.stringify(value));
    }
  });

  it('finds the one offence in every other, and where it is', () => {
    for (const [value, code, within] of Array.from({ length: 1_500 }, () =>
      offences.map((offence) => offence()),
    ).flat()) {
      const { text, pointer } = document(random(6), value);
      expect({ text, ...refusal(() => parse(text)) }).toEqual({ text, code, pointer: pointer + within });
    }
  });
});

describe('readJson', () => {
  it('reads a name with an escape as it was sent, whatever was read before', () => {
    for (let i = 0; i < 5; i += 1) {
      JSON.parse('{"h":[],"\\\\":0}');
      expect(readJson('{"h":1,"\\"":2}')).toEqual({ h: 1, '"': 2 });
      expect(parse('{"h":1,"\\"":2}')).toEqual({ h: 1, '"': 2 });
    }
  });

  it('refuses nothing that is JSON, and makes no prototype of it', () => {
    const text = '{"\\u005f_proto__":{"x":1},"constructor":{"prototype":1},"n":10000000000000000000000,"s":"\\u0000"}';
    const value = readJson(text);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(JSON.stringify(value)).toBe('{"__proto__":{"x":1},"constructor":{"prototype":1},"n":1e+22,"s":"\\u0000"}');
    expect(readJson('1')).toBe(1);
    expect(() => readJson('{"\\')).toThrow(SyntaxError);
    expect(() => readJson('')).toThrow(SyntaxError);
  });
});

describe('nestingDepth', () => {
  it('counts arrays and objects, and nothing else', () => {
    expect([1, null, 'x', true].map((value) => nestingDepth(value, 99))).toEqual([0, 0, 0, 0]);
    expect([[], {}, [1], { a: 1 }].map((value) => nestingDepth(value, 99))).toEqual([1, 1, 1, 1]);
    expect(nestingDepth([[], { a: [{}] }, 1], 99)).toBe(4);
  });

  it('goes one beyond where it may stop, and no further', () => {
    const deep: unknown = JSON.parse(nested(40_000));
    expect([32, 33, 39_999, 50_000].map((stop) => nestingDepth(deep, stop))).toEqual([33, 34, 40_000, 40_000]);
  });
});

describe('jsonSize', () => {
  it.each(['null', '""', '[]', '{}', '"é😀\\n"', '{"a":[1,2.5,{"é":"x"}],"b":{"c":null},"\\n":[[]]}', '[1e21,-0]'])(
    'counts the bytes of %s',
    (text) => {
      const value: unknown = JSON.parse(text);
      expect(jsonSize(value)).toBe(Buffer.byteLength(JSON.stringify(value)));
    },
  );

  it('counts what is too deep for JSON.stringify', () => {
    const inside = '{"a":[1,2.5,{"é":"x"}],"b":{"c":null},"\\n":[[],{},true]}';
    const deep: unknown = JSON.parse(nested(40_000, inside));
    expect(jsonSize(deep)).toBe(80_000 + Buffer.byteLength(inside));
  });
});
