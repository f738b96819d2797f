import assert from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import { ApiError, PermissionError } from '../../shared/cluster/api.ts';
import type { ImageCaches } from '../../shared/cluster/image-caches.ts';
import { readConfig } from '../../shared/config/config.ts';
import { imageCache, imageCacheSchema } from '../../shared/fledged/image-cache.ts';
import { mirrorAddresses } from '../../shared/images/mirrors.ts';
import { parseReference } from '../../shared/images/reference.ts';
import type { PullOrder } from '../../shared/pulls/pull-job.ts';
import { cacheOrder, createCache, isOurs } from './fledged.ts';

const node = {
  name: 'node-1.example',
  uid: 'uid-node-1',
  runtime: 'containerd://2.2.3',
  kubelet: 'v1.36.3',
  system: 'linux',
  labels: { 'kubernetes.io/hostname': 'host-1' },
};

function ordered(parts: Partial<PullOrder> = {}, mirrors = 'http://plain.example,m.example', more = {}) {
  const config = readConfig({ DOCKER_PROXY_URL: mirrors, ...more });
  const image = parts.image ?? parseReference('demo:1');
  assert.ok(image);
  const asked = mirrorAddresses(image, config.rules.mirrors);
  return cacheOrder({ image, mirrors: asked, node, paths: {}, attempt: 1, askedBy: 'default/web', ...parts }, config);
}

const secret = { MIRROR_PULL_SECRET: 'mirror', MIRROR_SECRET_REPOSITORIES: 'docker.io/library/*' };

test('one image for one node, at the first mirror that a kubelet can ask, where the hostname label sends it', () => {
  const order = ordered();
  assert.ok(order);
  assert.equal(order.mirror, 'm.example');
  const made = imageCache(order);
  assert.deepEqual(made.spec, {
    cacheSpec: [
      { images: ['m.example/docker.io/library/demo:1'], nodeSelector: { 'kubernetes.io/hostname': 'host-1' } },
    ],
  });
  assert.equal(made.metadata.namespace, 'kube-fledged');
  assert.ok(!('status' in made));
  assert.ok(`${made.metadata.name}-abcde`.length <= 63, "kube-fledged's Jobs have a suffix");
});

test('an image that a mirror may want credentials for has its Secret, where the kubelet keeps no records', () => {
  const older = { ...node, kubelet: 'v1.34.4' };
  const order = ordered({ node: older }, 'm.example', secret);
  assert.ok(order);
  assert.deepEqual(imageCache(order).spec.imagePullSecrets, [{ name: 'mirror' }]);
  const other = ordered({ node: older }, 'm.example', { ...secret, MIRROR_SECRET_REPOSITORIES: 'quay.io/*' });
  assert.ok(other && !('imagePullSecrets' in imageCache(other).spec));
});

test('mirrors that rest are asked last by kube-fledged too', () => {
  const image = parseReference('demo:1');
  assert.ok(image);
  const [first, second] = mirrorAddresses(image, readConfig({ DOCKER_PROXY_URL: 'a.example,b.example' }).rules.mirrors);
  assert.ok(first && second);
  assert.equal(ordered({ mirrors: [second, first] }, 'a.example,b.example')?.mirror, 'b.example');
});

for (const [what, order] of [
  ['a second attempt', ordered({ attempt: 2 })],
  ["kube-fledged's own pod", ordered({ askedBy: 'kube-fledged/controller' })],
  ['a node without the hostname label', ordered({ node: { ...node, labels: {} } })],
  ['mirrors that no kubelet can ask', ordered({}, 'http://plain.example')],
  ['an image for credentials where the kubelet keeps records', ordered({}, 'm.example', secret)],
  ['a tag that two mirrors must agree on', ordered({}, 'a.example,b.example', { VERIFY_DIGEST: 'quorum' })],
] as const) {
  test(`no ImageCache for ${what}`, () => assert.equal(order, undefined));
}

test('an ImageCache whose name is not the hash of what it is for is not ours', () => {
  const order = ordered();
  assert.ok(order);
  const made = imageCache(order);
  const seen = (name: string) =>
    imageCacheSchema.parse({
      ...made,
      metadata: { ...made.metadata, name, uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' },
    });
  assert.equal(isOurs(seen(order.name)), true);
  assert.equal(isOurs(seen('pull-somebody-elses')), false);
});

test('why no ImageCache can be had is one line a reason, and the ordinary way is taken', async () => {
  const order = ordered();
  assert.ok(order);
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
  const errors = [
    new ApiError(404, '', 'POST /apis/kubefledged.io/…: 404 404 page not found'),
    new ApiError(404, 'NotFound', 'POST /apis/…: 404 namespaces "kube-fledged" not found'),
    new PermissionError(403, 'Forbidden', 'cannot create resource "imagecaches"'),
    new Error('500 failed calling webhook'),
  ];
  let turn = 0;
  const caches: ImageCaches = {
    create: async () => {
      throw errors[turn++ % errors.length];
    },
    read: async () => undefined,
    list: async () => [],
    delete: async () => undefined,
  };
  for (let count = 0; count < 2 * errors.length; count += 1)
    assert.equal(await createCache(caches, order, log), 'not to be had');
  assert.equal(lines.length, errors.length);
  for (const [index, what] of [/not installed/, /no namespace kube-fledged/, /missing permission/, /webhook/].entries())
    assert.match(lines[index] ?? '', what);
});
