import { describe, expect, it } from 'vitest';
import { formPagePolicy } from './security-headers.js';

const targetsOf = (...uris: string[]) => /form-action ([^;]*);/.exec(formPagePolicy(...uris))?.[1];

describe('formPagePolicy', () => {
  it('lets forms go to this service alone when nothing is named', () => {
    expect(targetsOf()).toBe("'self'");
    expect(formPagePolicy()).not.toContain('unsafe');
  });

  it('names the origin of a redirect URI, and nothing else of it', () => {
    expect(targetsOf('https://app.example/cb?a=b;script-src%20*', 'https://app.example/other')).toBe(
      "'self' https://app.example",
    );
    expect(targetsOf('http://127.0.0.1:8080/cb')).toBe("'self' http://127.0.0.1:8080");
  });

  it('names the scheme where the policy has no word for the origin', () => {
    expect(targetsOf('com.example.app:/cb')).toBe("'self' com.example.app:");
    expect(targetsOf('http://[::1]:8080/cb')).toBe("'self' http:");
  });

  it('cannot be led to another directive', () => {
    expect(targetsOf("https://a.example;script-src'unsafe-inline'/")).toBe("'self' https:");
    expect(targetsOf('x:;script-src *')).toBe("'self' x:");
    expect(() => formPagePolicy('https://a.example script-src/')).toThrow('Invalid URL');
  });
});
