import { describe, expect, it } from 'vitest';
import { type Content, html as t, safeUrl } from './html.js';

// By another name: formatters do not touch the templates then.
const HOSTILE = `"><script>alert('1')</script><!-- & \``;
const ESCAPED = '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&lt;!-- &amp; `';

describe('html', () => {
  it('escapes between tags, between quotes of both kinds, and what is in lists', () => {
    expect(String(t`<p>${HOSTILE}</p>`)).toBe(`<p>${ESCAPED}</p>`);
    expect(String(t`<p title="${HOSTILE}">`)).toBe(`<p title="${ESCAPED}">`);
    expect(String(t`<p title='${HOSTILE}'>`)).toBe(`<p title='${ESCAPED}'>`);
    expect(String(t`<p>${[HOSTILE, [HOSTILE]]}</p>`)).toBe(`<p>${ESCAPED}${ESCAPED}</p>`);
  });

  it('escapes what was escaped before as what it is, and its own markup never twice', () => {
    expect(String(t`${'&amp;'}`)).toBe('&amp;amp;');
    const items = ['a', '<b>'].map((each) => t`<li>${each}</li>`);
    expect(String(t`<ul>${items}</ul>`)).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>');
  });

  it('shows zero and the empty text, and nothing for null, undefined and false', () => {
    expect(String(t`[${0}${''}${null}${undefined}${false}${[]}]`)).toBe('[0]');
  });

  it('takes nothing for markup that only looks like it', () => {
    const lookalikes = [{ toString: () => '<b>' }, JSON.parse('{"#markup":"<b>"}')] as unknown as Content[];
    for (const each of lookalikes) expect(String(t`${each}`)).not.toContain('<b>');
  });

  it('refuses places that escaping cannot save', () => {
    expect(() => t`<a href=${'x onclick=alert(1)'}>`).toThrow('without quotes');
    expect(() => t`<script>${'alert(1)'}</script>`).toThrow('a script or');
    expect(() => t`<style>${'*{}'}</style>`).toThrow('a script or');
    expect(() => t`<p style="${'color:red'}">`).toThrow('a script or');
    expect(() => t`<p onclick="${'alert(1)'}">`).toThrow('a script or');
    expect(String(t`<style>a{}</style><script src="${'/a.js'}"></script>${'x'}`)).toContain('</script>x');
  });
});

describe('safeUrl', () => {
  it.each([
    '/login',
    '/login?next=%2F#top',
    '/.//other.example',
    'https://app.example/a?b=c',
    'http://127.0.0.1:3000/',
  ])('keeps %s', (url) => {
    expect(safeUrl(url)).toBe(url);
  });

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    '\u0001javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'blob:https://a.example/x',
    '//other.example',
    '/\\other.example',
    '/\t/other.example',
    '/\n\\other.example',
    '\\\\other.example',
    'relative',
    '',
  ])('makes nothing of %j', (url) => {
    expect(safeUrl(url)).toBe('#');
  });
});
