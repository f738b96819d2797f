import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../shared/config/config.ts';
import { wakeValue } from '../../shared/pods/wake.ts';
import type { PullState } from '../../shared/pulls/state.ts';
import { aPod } from '../../test/builders.ts';
import { judge, plan } from './decide.ts';

const config = readConfig({ DOCKER_PROXY_URL: 'm.example', NO_PROXY_DOCKER_DOMAIN: 'quay.io' });

test('an image is pulled once, however many containers and spellings ask for it', () => {
  const containers = ['demo:1', 'docker.io/demo:1', 'docker.io/library/demo:1'].map((image) => ({
    image,
    waiting: 'ErrImagePull',
  }));
  const plans = plan(aPod({ containers }), config, 0);
  assert.equal(plans.length, 1);
  assert.deepEqual(plans[0], {
    image: 'docker.io/library/demo:1',
    pull: {
      reference: { registry: 'docker.io', repository: 'library/demo', tag: '1' },
      mirrors: [{ scheme: 'https', host: 'm.example', repository: 'docker.io/library/demo' }],
      attempt: 1,
    },
    onlyAlways: false,
  });
});

for (const [what, container, why] of [
  ['Never', { waiting: 'ErrImageNeverPull', imagePullPolicy: 'Never' }, /Never/],
  ['an invalid name', { waiting: 'InvalidImageName', image: 'A B' }, /not a valid image name/],
  ['a refused signature', { waiting: 'SignatureValidationFailed' }, /signature/],
  [
    'a tag that is not there',
    { waiting: 'ErrImagePull', message: 'docker.io/library/demo:1: not found' },
    /has no such image; check the repository and the tag/,
  ],
  [
    'a full disk, in a back-off as of Kubernetes 1.32',
    { waiting: 'ImagePullBackOff', message: 'Back-off pulling image "demo:1": ErrImagePull: no space left on device' },
    /disk is full/,
  ],
  [
    'a registry in NO_PROXY_DOCKER_DOMAIN',
    { waiting: 'ErrImagePull', image: 'quay.io/x/y:1' },
    /NO_PROXY_DOCKER_DOMAIN/,
  ],
  ['a registry that no variable opens', { waiting: 'ErrImagePull', image: 'r.example/x:1' }, /MIRROR_REGISTRIES/],
  ['an internal registry', { waiting: 'ErrImagePull', image: '10.1.2.3:5000/x:1' }, /internal/],
  ['a mirror itself', { waiting: 'ErrImagePull', image: 'm.example/x:1' }, /itself a mirror/],
] as const) {
  test(`${what} is refused with the reason`, () => {
    const [only] = plan(aPod({ containers: [container] }), config, 0);
    assert.ok(only && 'refused' in only);
    assert.match(only.refused, why);
  });
}

for (const [what, message] of [
  ['an unreachable registry', 'dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: no such host'],
  ['what may or may not be cured', 'x509: certificate signed by unknown authority'],
  ['a back-off before Kubernetes 1.32, which tells no cause', 'Back-off pulling image "demo:1"'],
  ['no word at all', ''],
] as const) {
  test(`${what} is tried`, () => {
    const [only] = plan(aPod({ containers: [{ waiting: 'ImagePullBackOff', message }] }), config, 0);
    assert.ok(only && 'pull' in only);
  });
}

test('a kubelet that limits its own pulls is waited for: neither tried nor refused', () => {
  const message = 'Back-off pulling image "demo:1": ErrImagePull: pull QPS exceeded';
  assert.deepEqual(plan(aPod({ containers: [{ waiting: 'ImagePullBackOff', message }] }), config, 0), []);
});

test('VERIFY_DIGEST=quorum: a tag wants mirrors of two hosts, a digest does not', () => {
  const tag = aPod({ containers: [{ waiting: 'ErrImagePull' }] });
  const pinned = aPod({ containers: [{ waiting: 'ErrImagePull', image: `demo@sha256:${'0'.repeat(64)}` }] });
  for (const [mirrors, pod, refused] of [
    ['m.example', tag, true],
    ['m.example,m.example/again', tag, true],
    ['m.example,quay.io=n.example', tag, true],
    ['m.example,docker.io=n.example', tag, false],
    ['m.example', pinned, false],
  ] as const) {
    const env = { DOCKER_PROXY_URL: mirrors, VERIFY_DIGEST: 'quorum' };
    const [only] = plan(pod, readConfig(env), 0);
    assert.equal(only && 'refused' in only && only.refused.includes('VERIFY_DIGEST'), refused, mirrors);
  }
});

test('a container that can be helped decides over one of the same image that cannot', () => {
  const containers = [{ waiting: 'ErrImageNeverPull', imagePullPolicy: 'Never' }, { waiting: 'ErrImagePull' }];
  const plans = plan(aPod({ containers }), config, 0);
  assert.deepEqual(
    plans.map((one) => 'pull' in one),
    [true],
  );
});

for (const [what, metadata] of [
  ["kube-fledged's own pull pods", { namespace: 'kube-fledged', labels: { kubefledged: 'kubefledged-image-manager' } }],
  ['a pod with the skip annotation', { annotations: { 'image-rescue.dev/skip': '' } }],
  ['our own pull pods', { namespace: 'image-rescue-pull' }],
] as const) {
  test(`${what}: left alone`, () => assert.deepEqual(plan(aPod({ metadata }), config, 0), []));
}

test("kube-fledged's controller is rescued", () => {
  assert.equal(plan(aPod({ metadata: { namespace: 'kube-fledged' } }), config, 0).length, 1);
});

const ended = (way: 'route' | 'none', at: number, up = true): PullState => ({
  state: 'ended',
  at,
  routeIsUp: way === 'route' && up,
  result: { way, already: false, milliseconds: 1, answers: [] },
});
const now = 1_000_000;
for (const [what, state, expected] of [
  ['one under way is waited for', { state: 'under way' }, 'under way'],
  ['one that helped is ready for every further pod', ended('route', now - 1000), 'ready'],
  ['one that found no mirror rests', ended('none', now - 599_000), 'resting'],
  ['one that failed without a word rests', { state: 'failed', at: now - 1000, why: '' }, 'resting'],
  ['after the cool-down it counts no more', ended('none', now - 600_000), 'expired'],
] as const) {
  test(`an attempt that is there: ${what}`, () => {
    const judged = judge(state, { name: 'pull-x', created: '2026-01-01T00:00:00Z' }, false, 600, now);
    assert.equal(judged === 'expired' ? judged : judged.state, expected);
  });
}

test('a pod that was woken a moment ago is left to its kubelet, for that image only', () => {
  const containers = [{ waiting: 'ImagePullBackOff' }, { image: 'other:1', waiting: 'ErrImagePull' }];
  const value = wakeValue(aPod({ containers }), 'docker.io/library/demo:1', { attempt: 'uid-1', at: 0, step: 1 });
  const pod = aPod({ metadata: { annotations: { 'image-rescue.dev/wake': value } }, containers });
  assert.deepEqual(
    plan(pod, config, 9_999).map(({ image }) => image),
    ['docker.io/library/other:1'],
  );
  assert.equal(plan(pod, config, 10_000).length, 2);
});

test('a route that is down helps no container that pulls Always, and still does every other', () => {
  const job = { name: 'pull-x', created: '2026-01-01T00:00:00Z' };
  const down = ended('route', now - 1000, false);
  assert.equal(judge(down, job, true, 600, now), 'expired');
  assert.notEqual(judge(down, job, false, 600, now), 'expired');
  assert.notEqual(judge(ended('route', now - 1000), job, true, 600, now), 'expired');
});

test('of several containers of one image the one that takes a local image decides', () => {
  const containers = [
    { waiting: 'ErrImagePull', imagePullPolicy: 'Always' },
    { waiting: 'ErrImagePull', imagePullPolicy: 'IfNotPresent' },
    { waiting: 'ErrImagePull', imagePullPolicy: 'Always' },
  ];
  const [only] = plan(aPod({ containers }), config, 0);
  assert.ok(only && 'pull' in only);
  assert.equal(only.onlyAlways, false);
});
