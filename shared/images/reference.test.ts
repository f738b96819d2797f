import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { imageName, parseReference } from './reference.ts';

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
  `a/${'b'.repeat(260)}`,
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
