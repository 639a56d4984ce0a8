import { describe, expect, it } from 'vitest';
import { applyMergePatch } from './merge-patch.js';

const json = (text: string): unknown => JSON.parse(text);

function freeze(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}

describe('applyMergePatch', () => {
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('RFC 7396, appendix A: %s patched with %s is %s', (target, patch, result) => {
    expect(JSON.stringify(applyMergePatch(freeze(json(target)), freeze(json(patch))))).toBe(result);
  });

  it('patches the document of RFC 7396, section 3', () => {
    const target = json(
      '{"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},"tags":["example","sample"],"content":"This will be unchanged"}',
    );
    const patch = json(
      '{"title":"Hello!","phoneNumber":"+01-123-456-7890","author":{"familyName":null},"tags":["example"]}',
    );
    expect(applyMergePatch(freeze(target), freeze(patch))).toEqual({
      title: 'Hello!',
      author: { givenName: 'John' },
      tags: ['example'],
      content: 'This will be unchanged',
      phoneNumber: '+01-123-456-7890',
    });
  });

  it('keeps null inside arrays, which are replaced whole', () => {
    expect(applyMergePatch({ a: [1] }, { a: [null, { b: null }] })).toEqual({ a: [null, { b: null }] });
  });

  it.each(['{"a":{"b":null}}', '{"a":{"b":{"c":null,"d":1}}}'])(
    'removes the nulls of an object that is new: %s',
    (patch) => {
      for (const target of [undefined, null, 1, 'x', [1], { a: null }, { a: [1] }, { a: 'x' }]) {
        expect(JSON.stringify(applyMergePatch(target, json(patch)))).not.toContain('null');
      }
    },
  );

  it('treats inherited names as absent and as data', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__', '__proto__']) {
      const added = applyMergePatch({}, json(`{"${name}":{"x":1}}`));
      expect(JSON.stringify(added)).toBe(`{"${name}":{"x":1}}`);
      expect(Object.getPrototypeOf(added)).toBe(Object.prototype);
      const merged = applyMergePatch(freeze(json(`{"${name}":{"y":2},"z":3}`)), json(`{"${name}":{"x":1}}`));
      expect(JSON.stringify(merged)).toBe(`{"${name}":{"y":2,"x":1},"z":3}`);
      expect(JSON.stringify(applyMergePatch(json(`{"${name}":1,"z":3}`), json(`{"${name}":null}`)))).toBe('{"z":3}');
      expect(JSON.stringify(applyMergePatch({}, json(`{"${name}":"Ferrari"}`)))).toBe(`{"${name}":"Ferrari"}`);
    }
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('changes neither argument, also where the result is changed afterwards by another patch', () => {
    const target = json('{"a":{"b":{"c":1}},"d":[1]}');
    const patch = json('{"a":{"b":{"e":2}}}');
    const once = applyMergePatch(target, patch);
    applyMergePatch(once, json('{"a":{"b":{"c":null,"e":null}}}'));
    expect(JSON.stringify([target, patch, once])).toBe(
      '[{"a":{"b":{"c":1}},"d":[1]},{"a":{"b":{"e":2}}},{"a":{"b":{"c":1,"e":2}},"d":[1]}]',
    );
  });

  it('goes 40,000 objects deep without recursion', () => {
    const levels = 40_000;
    const deep = (inside: string): unknown => json('{"a":'.repeat(levels) + inside + '}'.repeat(levels));
    let value = applyMergePatch(deep('{"x":1,"y":2}'), deep('{"x":null,"z":3}'));
    let depth = 0;
    for (; typeof value === 'object' && value !== null && 'a' in value; depth += 1) value = value.a;
    expect(depth).toBe(levels);
    expect(value).toEqual({ y: 2, z: 3 });
  });

  it('agrees with the recursive algorithm of the RFC on generated documents', () => {
    let seed = 7;
    const random = (n: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * n);
    };
    const make = (depth: number): unknown => {
      const kind = random(depth > 0 ? 8 : 4);
      if (kind === 0) return null;
      if (kind < 4) return random(100);
      if (kind === 4) return [make(depth - 1), null];
      return Object.fromEntries(Array.from({ length: random(4) }, () => ['abcd'[random(4)], make(depth - 1)]));
    };
    const rfc = (target: unknown, patch: unknown): unknown => {
      if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
      const result: Record<string, unknown> =
        typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
      for (const [name, change] of Object.entries(patch)) {
        if (change === null) delete result[name];
        else result[name] = rfc(result[name], change);
      }
      return result;
    };
    for (let i = 0; i < 5_000; i += 1) {
      const [target, patch] = [freeze(make(5)), freeze(make(5))];
      expect(JSON.stringify(applyMergePatch(target, patch))).toBe(JSON.stringify(rfc(target, patch)));
    }
  });
});
