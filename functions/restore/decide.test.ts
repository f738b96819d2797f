import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../shared/config/config.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { wakeValue } from '../../shared/pods/wake.ts';
import type { PullResult } from '../../shared/pulls/result.ts';
import { aPod } from '../../test/builders.ts';
import { nextPatch, nextStep, type Step } from './decide.ts';

const image = 'docker.io/library/demo:1';
const config = readConfig({ DOCKER_PROXY_URL: 'm.example,docker.io=n.example', MIRROR_REGISTRIES: '*' });
const [atM, atN] = ['m.example/docker.io/library/demo:1', 'n.example/library/demo:1'];
const succeeded = (way: PullResult['way'], uid = 'uid-1', mirror = 'm.example') => ({
  uid,
  number: 1,
  result: { way, already: false, milliseconds: 1, answers: [], mirror },
});
const step = (pod: Pod, attempt = succeeded('route'), now = 1_000_000, forImage = image): Step =>
  nextStep(pod, forImage, attempt, config, now);

for (const [policy, way, expected] of [
  ['IfNotPresent', 'route', 'wake'],
  ['IfNotPresent', 'name', 'wake'],
  ['IfNotPresent', 'patch', 'patch'],
  ['Always', 'route', 'wait for the kubelet'],
  ['Always', 'name', 'patch'],
  ['Always', 'patch', 'patch'],
  ['Never', 'route', 'none'],
  ['Never', 'patch', 'none'],
] as const) {
  test(`${policy} by ${way}: ${expected}`, () => {
    const pod = aPod({ containers: [{ waiting: 'ImagePullBackOff', imagePullPolicy: policy }] });
    assert.equal(step(pod, succeeded(way)).step, expected);
  });
}

/** The pod after a wake, as the API server has it then. */
function woken(pod: Pod, forImage: string, attempt: string, at = 0, number = 1): Pod {
  const annotations = { 'image-rescue.dev/wake': wakeValue(pod, forImage, { attempt, at, step: number }) };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}

test('an attempt wakes a pod once; a later attempt, another Job of the same name, wakes it again', () => {
  const pod = woken(aPod(), image, 'uid-1');
  assert.equal(step(pod, succeeded('route', 'uid-1')).step, 'woken');
  assert.equal(step(pod, succeeded('route', 'uid-2')).step, 'wake');
});

test('a pod that waits for two images is woken once for each, in any order', () => {
  const other = 'docker.io/library/other:1';
  let pod = aPod({ containers: [{ waiting: 'ErrImagePull' }, { image: other, waiting: 'ErrImagePull' }] });
  for (const [one, uid] of [
    [image, 'uid-1'],
    [other, 'uid-2'],
  ] as const) {
    assert.equal(step(pod, succeeded('route', uid), 1_000_000, one).step, 'wake');
    pod = woken(pod, one, uid);
  }
  assert.equal(step(pod, succeeded('route', 'uid-1')).step, 'woken');
  assert.equal(step(pod, succeeded('route', 'uid-2'), 1_000_000, other).step, 'woken');
});

test('nonsense in the annotation counts as no wake', () => {
  for (const text of ['x', '[]', '{"docker.io/library/demo:1": 7}', '{"docker.io/library/demo:1": "uid-1 never"}']) {
    const pod = aPod({ metadata: { annotations: { 'image-rescue.dev/wake': text } } });
    assert.equal(step(pod).step, 'wake', text);
  }
});

test('a pod that waits for something else is not touched', () => {
  assert.equal(step(aPod({ containers: [{ image: 'other:1', waiting: 'ErrImagePull' }] })).step, 'none');
  assert.equal(step(aPod({ containers: [{}] })).step, 'none');
});

test('a pod that its second wake did not start gets an address, not before a back-off and a pull are over', () => {
  const pod = woken(aPod(), image, 'uid-2', 0, 2);
  assert.equal(step(pod, succeeded('route', 'uid-2'), 320_000).step, 'woken');
  const late = step(pod, succeeded('route', 'uid-2'), 340_000);
  assert.deepEqual(late.step === 'patch' && late.images, { c0: atM });
});

test('one whose wake was refused, and whose image has an address as its second name, is given that', () => {
  const second = succeeded('name', 'uid-2');
  const addressed = { ...second, number: 2, result: { ...second.result, address: atM } };
  const then = step(woken(aPod(), image, 'uid-1'), addressed, 30_000);
  assert.deepEqual(then.step === 'patch' && then.images, { c0: atM });
  assert.equal(step(aPod(), addressed).step, 'wake', 'a pod that has not been woken yet may start by its name');
});

test('of two containers of one image only the one that pulls Always is patched, after the other had its time', () => {
  const containers = [{ waiting: 'ErrImagePull' }, { waiting: 'ErrImagePull', imagePullPolicy: 'Always' }];
  const pod = aPod({ containers });
  assert.equal(step(pod, succeeded('name')).step, 'wake');
  assert.equal(step(woken(pod, image, 'uid-1'), succeeded('name'), 9_000).step, 'woken');
  const then = step(woken(pod, image, 'uid-1'), succeeded('name'), 11_000);
  assert.deepEqual(then.step === 'patch' && then.images, { c1: atM });
});

test('the mirror that has the image is named, not the first of the list', () => {
  const pod = aPod({ containers: [{ waiting: 'ErrImagePull', imagePullPolicy: 'Always' }] });
  const then = step(pod, succeeded('name', 'uid-1', 'n.example'));
  assert.deepEqual(then.step === 'patch' && then.images, { c0: atN });
});

test('a static pod is left to its kubelet, and told what cannot be done', () => {
  const metadata = { annotations: { 'kubernetes.io/config.mirror': 'x' } };
  assert.equal(step(aPod({ metadata }), succeeded('name')).step, 'wait for the kubelet');
  const always = aPod({ metadata, containers: [{ waiting: 'ErrImagePull', imagePullPolicy: 'Always' }] });
  const told = step(always, succeeded('name'));
  assert.ok(told.step === 'cannot help' && /static pod/.test(told.why));
});

/** A pod whose container was given an address, and whose kubelet says of it what it says. */
function patched(now: string, failed = now, original = 'demo:1'): Pod {
  return aPod({
    metadata: { annotations: { 'image-rescue.dev/original-images': JSON.stringify({ c0: original }) } },
    containers: [{ image: now, waiting: 'ErrImagePull', imagePullPolicy: 'Always', message: `failed "${failed}"` }],
  });
}

test('an address that fails is followed by the next, then by the original, then by nothing', () => {
  const first = nextPatch(patched(atM), image, config);
  assert.ok(first.step === 'patch' && first.images['c0'] === atN && !first.putBack);
  const second = nextPatch(patched(atN), image, config);
  assert.ok(second.step === 'patch' && second.images['c0'] === 'demo:1' && second.putBack);
  assert.equal(nextPatch(patched('demo:1'), image, config).step, 'none');
  const told = step(patched('demo:1'), succeeded('name'));
  assert.ok(told.step === 'cannot help' && /the original is back/.test(told.why), 'it is never patched again');
});

test('the words of the image before are not taken for a failure of the new one', () => {
  assert.equal(nextPatch(patched(atM, image), image, config).step, 'none');
});

test('a pod that was not patched by us is patched by an event only where PULLER=patch', () => {
  assert.equal(nextPatch(aPod(), image, config).step, 'none');
  const always = { ...config, puller: 'patch' as const };
  const then = nextPatch(aPod(), image, always);
  assert.deepEqual(then.step === 'patch' && then.images, { c0: atM });
  assert.equal(nextPatch(aPod({ metadata: { namespace: config.pullNamespace } }), image, always).step, 'none');
});

test('a mirror that gives it for credentials only is not put into a pod, which could not bring them', () => {
  const pod = aPod({ containers: [{ waiting: 'ImagePullBackOff', imagePullPolicy: 'Always' }] });
  const attempt = succeeded('name');
  const result: PullResult = { ...attempt.result, credentials: true };
  const refused = nextStep(pod, image, { ...attempt, result }, config, 1_000_000);
  assert.equal(refused.step, 'cannot help');
  assert.match(JSON.stringify(refused), /m\.example gives it for the credentials of MIRROR_PULL_SECRET only/);
  assert.equal(step(pod, attempt).step, 'patch');
});
