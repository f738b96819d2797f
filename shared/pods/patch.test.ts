import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readConfig } from '../config/config.ts';
import { nextAddress } from './patch.ts';

const host = fc.constantFrom(
  'a.example',
  'b.example/path',
  'docker.io=c.example',
  'http://d.example',
  '127.0.0.1:5000',
);

test('however many mirrors there are: each address at most once, the original at the end, and then nothing', () => {
  fc.assert(
    fc.property(fc.uniqueArray(host, { minLength: 1 }), (mirrors) => {
      const { rules } = readConfig({ DOCKER_PROXY_URL: mirrors.join() });
      const named = ['demo:1'];
      let original: string | undefined;
      for (;;) {
        const next = nextAddress(named.at(-1) ?? '', original, rules);
        if (next === undefined) break;
        original = 'demo:1';
        named.push(next.address);
        assert.ok(named.length < 10, 'it never goes round');
        assert.doesNotMatch(next.address, /d\.example/, 'no runtime pulls from plain http that is not on loopback');
      }
      assert.equal(new Set(named).size, Math.max(1, named.length - 1));
      assert.equal(named.at(-1), 'demo:1');
    }),
  );
});

test('an annotation beside an image that is no address of ours puts nothing back', () => {
  const { rules } = readConfig({ DOCKER_PROXY_URL: 'a.example' });
  assert.equal(nextAddress('fine.example/absent:1', 'evil.example/miner:1', rules), undefined);
});

test('two entries that come to one address are one', () => {
  const { rules } = readConfig({ DOCKER_PROXY_URL: 'm.example,docker.io=m.example/docker.io,n.example' });
  const next = nextAddress('m.example/docker.io/library/demo:1', 'demo:1', rules);
  assert.deepEqual(next, { address: 'n.example/docker.io/library/demo:1', putBack: false });
});

test('an internal image gets no address', () => {
  const { rules } = readConfig({ DOCKER_PROXY_URL: 'a.example', MIRROR_REGISTRIES: '*' });
  assert.equal(nextAddress('10.0.0.1:5000/demo:1', undefined, rules), undefined);
});

test('VERIFY_DIGEST=quorum: no tag is put into a pod, where one mirror alone would say what it means', () => {
  const { rules } = readConfig({ DOCKER_PROXY_URL: 'a.example,b.example', VERIFY_DIGEST: 'quorum' });
  const digest = `demo@sha256:${'0'.repeat(64)}`;
  assert.equal(nextAddress('demo:1', undefined, rules), undefined);
  assert.equal(nextAddress(digest, undefined, rules)?.address, `a.example/docker.io/library/${digest}`);
});
