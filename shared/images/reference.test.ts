import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { imageName, manifestReference, parseReference } from './reference.ts';

const digest = `sha256:${'a1'.repeat(32)}`;

for (const [text, expected] of [
  ['nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.27', 'docker.io/library/nginx:1.27'],
  ['docker.io/nginx:1', 'docker.io/library/nginx:1'],
  ['index.docker.io/library/nginx:1', 'docker.io/library/nginx:1'],
  ['bitnami/redis', 'docker.io/bitnami/redis:latest'],
  ['localhost/x:1', 'localhost/x:1'],
  ['harbor.corp:8443/team/x:V1.0_RC', 'harbor.corp:8443/team/x:V1.0_RC'],
  ['[::1]:5000/x:1', '[::1]:5000/x:1'],
  ['[2001:db8::1]/a/b', '[2001:db8::1]/a/b:latest'],
  ['docker.io/library/nginx:1', 'docker.io/library/nginx:1'],
  ['index.docker.io/nginx', 'docker.io/library/nginx:latest'],
  ['docker.io:443/nginx', 'docker.io:443/nginx:latest'],
  ['localhost:5000/x', 'localhost:5000/x:latest'],
  ['localhost', 'docker.io/library/localhost:latest'],
  ['Example/x', 'Example/x:latest'],
  ['example:1/x', 'example:1/x:latest'],
  ['example:1', 'docker.io/library/example:1'],
  ['2130706433/x:1', 'docker.io/2130706433/x:1'],
  ['xn--fsqu00a.example/a__b/c--d.e:_', 'xn--fsqu00a.example/a__b/c--d.e:_'],
  [`x:${'T'.repeat(128)}`, `docker.io/library/x:${'T'.repeat(128)}`],
  [`r.example/${'b'.repeat(255)}`, `r.example/${'b'.repeat(255)}:latest`],
  [`${digest.slice(7)}:1`, `docker.io/library/${digest.slice(7)}:1`],
  [`x@sha512:${'0f'.repeat(64)}`, `docker.io/library/x@sha512:${'0f'.repeat(64)}`],
  [`quay.io/x/y@${digest}`, `quay.io/x/y@${digest}`],
  [`quay.io/x/y:1@${digest}`, `quay.io/x/y@${digest}`],
] as const) {
  test(`${text} is ${expected}`, () => {
    const parsed = parseReference(text);
    assert.ok(parsed);
    assert.equal(imageName(parsed), expected);
  });
}

for (const text of [
  '',
  'Nginx',
  'a//b',
  'a/b:',
  'a@sha256:12',
  'a b',
  'quay.io/',
  '-a/b',
  'x:-1',
  'x:1:2',
  'a/B',
  'a___b',
  'a-/b',
  '/x',
  'x/',
  'a/../b',
  'host./x',
  'r.example.:5000/x',
  'r..example/x',
  'r.example:/x',
  'r.example:port/x',
  'müller.example/x',
  'user:secret@r.example/x',
  'user@r.example/x:1',
  'https://r.example/x',
  '::1/x',
  '[fe80::1%25eth0]/x',
  'x:1\n',
  `x:${'t'.repeat(129)}`,
  `r.example/${'b'.repeat(256)}`,
  digest.slice(7),
  `x@${digest.toUpperCase()}`,
  `x@${digest.slice(0, -1)}`,
  `x@${digest}@${digest}`,
  `x@md5:${'0'.repeat(32)}`,
]) {
  test(`${JSON.stringify(text)} is no reference`, () => assert.equal(parseReference(text), undefined));
}

test('naming an image is idempotent', () => {
  const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const reference = fc
    .tuple(
      fc.option(fc.constantFrom('docker.io', 'quay.io', 'r.example:5000', 'localhost')),
      fc.array(part, { minLength: 1, maxLength: 3 }),
      fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/)),
      fc.option(fc.constant(digest)),
    )
    .map(
      ([registry, path, tag, hash]) =>
        `${registry ? `${registry}/` : ''}${path.join('/')}${tag ? `:${tag}` : ''}${hash ? `@${hash}` : ''}`,
    );
  fc.assert(
    fc.property(reference, (text) => {
      const once = parseReference(text);
      assert.ok(once);
      const again = parseReference(imageName(once));
      assert.ok(again);
      assert.equal(imageName(again), imageName(once));
    }),
  );
});

test('every spelling of an image of Docker Hub is one image', () => {
  const name = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,4})?$/);
  fc.assert(
    fc.property(name, fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,9}$/), (repository, tag) => {
      const spellings = [
        '',
        'library/',
        'docker.io/',
        'docker.io/library/',
        'index.docker.io/',
        'index.docker.io/library/',
      ];
      const names = spellings.map((before) => {
        const parsed = parseReference(`${before}${repository}:${tag}`);
        return parsed && imageName(parsed);
      });
      assert.deepEqual(new Set(names), new Set([`docker.io/library/${repository}:${tag}`]));
    }),
  );
});

test('whatever text comes: a reference that is taken is safe in the path of a request', () => {
  const pieces = fc.array(
    fc.constantFrom('a', 'B', '1', '.', '..', '/', ':', '@', '-', '_', '%2f', '[', ']', '?', '#', ' ', digest),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 300 }),
        pieces.map((some) => some.join('')),
      ),
      (text) => {
        const parsed = parseReference(text);
        if (parsed === undefined) return;
        const path = `/v2/${parsed.repository}/manifests/${manifestReference(parsed)}`;
        assert.equal(new URL(`https://m.example${path}`).pathname, path);
      },
    ),
    { numRuns: 2000 },
  );
});
