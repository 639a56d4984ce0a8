import list from 'big-list-of-naughty-strings' with { type: 'json' };

/** Text that means something to whatever might stand behind: SQL, documents, shells, templates, directories, headers. */
const INJECTIONS = [
  `' OR '1'='1`,
  `'; DROP TABLE users; --`,
  `1); DELETE FROM records; --`,
  `x' UNION SELECT hash, NULL FROM passwords --`,
  `\\'; SELECT pg_sleep(9); --`,
  `E'\\x27' || (SELECT version())`,
  `$$; SELECT 1; $$`,
  `$1`,
  `:owner`,
  `{"$gt": ""}`,
  `{"$where": "sleep(9000)"}`,
  `'; return true; var x='`,
  '; sleep 9 #',
  '$(sleep 9)',
  '`sleep 9`',
  '| cat /etc/passwd',
  '&& curl http://192.0.2.1/',
  '{{7*7}}',
  '${7*7}',
  '<%= 7*7 %>',
  '#{7*7}',
  '*)(uid=*))(|(uid=*',
  'admin)(&)',
  'x\r\nX-Injected: 1',
  'x\nSet-Cookie: a=b',
  '%0d%0aX-Injected:%201',
  '\u560d\u560aX-Injected: 1',
  '../../../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '..\\..\\windows\\win.ini',
  'file:///etc/passwd',
  '<script>alert(1)</script>',
  'javascript:alert(1)',
  '=cmd|/c calc!A1',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'NaN',
  'true',
];

/** Text that breaks those who count, compare or print it. */
const ODD = [
  ...Array.from({ length: 32 }, (_, code) => `a${String.fromCharCode(code)}b`),
  '\0',
  '\u007f\u0080\u009b',
  '\ud800',
  'a\udfffb',
  '\udc00\ud800',
  '\ufeffx',
  '\ufffe\uffff',
  '\u202eevil\u202c',
  '\u2066a\u2069',
  'a\u200bb\u200d\u2060',
  '\u00ad',
  '\u2028\u2029',
  ' leading and trailing ',
  '\u00a0\u3000',
  'e\u0301\u0323',
  'ﬀİıſẞ',
  '\u{10ffff}',
  '👩‍👩‍👧‍👦'.repeat(8),
  'z'.repeat(10_000),
  '\u{1f600}'.repeat(2500),
  'z'.repeat(90_000),
];

/** Everything that has ever surprised somebody as a text. */
export const naughtyStrings: readonly string[] = [...new Set(['', ...list, ...INJECTIONS, ...ODD])];

/** Every n-th of them, for what takes long or is refused anyway; another part for another offset. */
export const sampleOf = (strings: readonly string[], each: number, offset = 0): readonly string[] =>
  strings.filter((_, index) => index % each === offset % each);

/** Percent-encoded as in a URL; a lone surrogate in the bytes it would have, which are no UTF-8. */
export const percentEncoded = (text: string): string =>
  text.isWellFormed()
    ? encodeURIComponent(text)
    : [...text].map((each) => (each.isWellFormed() ? encodeURIComponent(each) : '%ED%A0%80')).join('');
