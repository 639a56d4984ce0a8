import { describe, expect, it } from 'vitest';
import { identityScopes, scopes } from '../security/scopes.js';
import { wordsOf } from './scope-words.js';

const all = [...identityScopes, ...scopes];

describe('the words for scopes', () => {
  it('are there for every scope, and no two permissions sound the same', () => {
    expect(all.length).toBeGreaterThanOrEqual(18);
    expect(all.filter((scope) => wordsOf(scope).title === scope)).toEqual([]);
    expect(new Set(all.map((scope) => wordsOf(scope).title)).size).toBe(all.length);
  });

  it('are short, and whole sentences', () => {
    for (const scope of all) {
      const { title, description } = wordsOf(scope);
      expect(title, scope).toMatch(/^[A-Z][^.]{3,34}$/);
      expect(description, scope).toMatch(/^[A-Z].{10,80}\.$/);
    }
  });

  it('show a scope by its name where there are none, also where the name means something to a program', () => {
    expect(['toString', '__proto__', 'new:scope'].map((scope) => wordsOf(scope).title)).toEqual([
      'toString',
      '__proto__',
      'new:scope',
    ]);
  });
});
