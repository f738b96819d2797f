import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clean, quote } from './clean.ts';
import { cut } from './cut.ts';

const digest = 'sha256:50aa4698fa6262977cff89181b2664b99d8a56dbca847bf62f2ef04854597cf8';

for (const [what, text, expected] of [
  ['colours', 'a \u001b[31;1mred\u001b[0m word', 'a red word'],
  ['a window title', 'x\u001b]0;title\u0007y \u001b]8;;https://evil.example\u001b\\link\u001b]8;;\u001b\\', 'xy link'],
  ['eight-bit escapes', 'a\u009b2Jb', 'ab'],
  ['a cut-off escape', 'a \u001b[', 'a'],
  ['bidi overrides', 'evil\u202egnp.exe\u2066 x', 'evilgnp.exe x'],
  ['zero-width letters', 'do\u200bck\ufeffer', 'docker'],
  ['lines, tabs and bells', ' one\r\n\ttwo\u2028three\u0007 ', 'one two three'],
  ['half a surrogate pair', 'a\ud83d', 'a\ufffd'],
  [
    'a signed URL',
    'Get "https://cdn.example/r/data?X-Amz-Signature=abc&X-Amz-Date=1": EOF',
    'Get "https://cdn.example/r/data?…": EOF',
  ],
  [
    'a query before a colon',
    'GET https://auth.docker.io/token?scope=x&service=y: 403 Forbidden',
    'GET https://auth.docker.io/token?…: 403 Forbidden',
  ],
  ['a query without its URL', 'data?Expires=1519&Signature=Emf%2B', 'data?Expires=…&Signature=…'],
  ['userinfo', 'proxy http://user:p@ss@proxy.example:3128/x', 'proxy http://…@proxy.example:3128/x'],
  ['a bearer token', 'with Bearer abc.def-ghi sent', 'with Bearer … sent'],
  ['a header', 'Authorization: Basic dXNlcjpwYXNz, Accept: x', 'Authorization: …, Accept: x'],
  ['JSON', '{"token":"abcdef","message":"denied"}', '{"token":"…","message":"denied"}'],
  ['a JWT', 'got eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJh.c2ln back', 'got … back'],
  ['base64', 'key Zm9vYmFyMTIzNDU2Nzg5MEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFla== end', 'key … end'],
  [
    'a digest stays',
    `unexpected commit digest ${digest}, expected x`,
    `unexpected commit digest ${digest}, expected x`,
  ],
  ['a reference stays', `docker.io/library/nginx:1.27@${digest}`, `docker.io/library/nginx:1.27@${digest}`],
  [
    'ordinary words stay',
    'no basic auth credentials; failed to fetch anonymous token: unauthorized',
    'no basic auth credentials; failed to fetch anonymous token: unauthorized',
  ],
  [
    'a challenge stays',
    'Bearer realm="https://a.example/token",service="x"',
    'Bearer realm="https://a.example/token",service="x"',
  ],
  ['Chinese stays', '这个镜像不在白名单', '这个镜像不在白名单'],
] as const) {
  test(`cleaned: ${what}`, () => assert.equal(clean(text), expected));
}

const anything = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 5 }),
        fc.constantFrom('\u001b[', '\u001b]', 'm', '\u202e', '\n', '"', 'https://', '@', '?', '镜', '👩‍👩‍👧'),
      ),
    )
    .map((parts) => parts.join('')),
);

test('whatever is cleaned is one line, steers no terminal, turns no direction, and fits', () => {
  fc.assert(
    fc.property(anything, fc.nat(60), (text, bytes) => {
      const cleaned = clean(text, bytes);
      assert.doesNotMatch(cleaned, /[\p{Cc}\p{Cf}\u2028\u2029]/u);
      assert.ok(Buffer.byteLength(cleaned) <= bytes);
      assert.ok(cleaned.isWellFormed() && !cleaned.includes('\u001b'));
    }),
    { numRuns: 1000 },
  );
});

test('what is quoted stays within its quotation marks', () => {
  fc.assert(
    fc.property(anything, (text) => {
      assert.match(quote(text), /^"[^"]*"$/);
    }),
  );
});

const secret = fc.string({
  unit: fc.constantFrom(...'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'),
  minLength: 16,
  maxLength: 80,
});
const around = fc.constantFrom(
  (it: string) => `https://user:${it}@registry.example/v2/: denied`,
  (it: string) => `https://${it}@registry.example/v2/`,
  (it: string) => `Get "https://cdn.example/blob?X-Amz-Credential=${it}&X-Amz-Signature=${it}": EOF`,
  (it: string) => `https://storage.example/b?sv=1&sig=${it}%3D&se=2026: 403`,
  (it: string) => `https://cdn.example/data?verify=1-${it}\\u0026x=${it}"`,
  (it: string) => `Authorization: Bearer ${it}`,
  (it: string) => `Authorization: Bearer\n ${it}`,
  (it: string) => `"authorization":"Basic ${it}=="`,
  (it: string) => `proxy-authorization=Basic ${it}`,
  (it: string) => `sent bearer ${it}.${it}`,
  (it: string) => `{"access_token": "${it}"}`,
  (it: string) => `password=${it}&x`,
  (it: string) => `Bea\u200brer ${it}`,
  (it: string) => `eyJhbGciOi${it}.${it}.${it}`,
);

test('no secret is readable, wherever it stands', () => {
  fc.assert(
    fc.property(secret, around, fc.string({ maxLength: 20 }), (it, put, before) => {
      assert.ok(!clean(`${before.replace(/["'\\]/g, '')} ${put(it)}`).includes(it), clean(put(it)));
    }),
    { numRuns: 1000 },
  );
});

test('a URL keeps its host and path', () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true, validSchemes: ['https'] }), (url) => {
      const { host, pathname } = new URL(url);
      fc.pre(url.includes(`${host}${pathname}`) && !/['\\]|eyJ/.test(url));
      assert.ok(clean(`failed: ${url}`).startsWith(`failed: https://${host}${pathname}`), clean(url));
    }),
  );
});

test('cut at a character, at most so many bytes, and whole where it fits', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, bytes) => {
      const short = cut(text, bytes);
      assert.ok(Buffer.byteLength(short) <= bytes && short.isWellFormed());
      if (Buffer.byteLength(text) <= bytes) assert.equal(short, text);
      else assert.ok(text.startsWith(short.replace(/…$/, '')) && (bytes < 3 || short.endsWith('…')));
    }),
    { numRuns: 1000 },
  );
});

test('a hostile text takes no time', () => {
  for (const part of ['a', 'a.', '://', 'a://', 'eyJ', 'x-amz-', '\u001b[', '\u001b]', 'Bearer ', '?', '@', ' ', '"'])
    assert.ok(clean(part.repeat(1_000_000), 1024).length <= 1024);
});
