import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../shared/pods/pod.ts';
import { wakeValue } from '../../shared/pods/wake.ts';
import type { PullResult } from '../../shared/pulls/result.ts';
import { aPod } from '../../test/builders.ts';
import { nextNodeImage, nextStep } from './decide.ts';

const image = 'docker.io/library/demo:1';
const config = {
  pullNamespace: 'pulls',
  kubeFledgedNamespace: 'kube-fledged',
  includeNamespaces: undefined,
  excludeNamespaces: [],
};
const result = (way: PullResult['way']): PullResult => ({ way, already: false, milliseconds: 1, answers: [] });

for (const [policy, way, expected] of [
  ['IfNotPresent', 'route', 'wake'],
  ['IfNotPresent', 'name', 'wake'],
  ['Always', 'route', 'wait for the kubelet'],
  ['Always', 'name', 'cannot help'],
  ['Never', 'route', 'none'],
] as const) {
  test(`${policy} by ${way}: ${expected}`, () => {
    const pod = aPod({ containers: [{ waiting: 'ImagePullBackOff', imagePullPolicy: policy }] });
    assert.equal(nextStep(pod, image, result(way), 'pull-a', config).step, expected);
  });
}

/** The pod after a wake, as the API server has it then. */
function woken(pod: Pod, forImage: string, attempt: string): Pod {
  const annotations = { 'image-rescue.dev/wake': wakeValue(pod, forImage, { attempt, at: 0 }) };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}

test('an attempt wakes a pod once; a later attempt, another Job of the same name, wakes it again', () => {
  const pod = woken(aPod(), image, 'uid-1');
  assert.equal(nextStep(pod, image, result('route'), 'uid-1', config).step, 'none');
  assert.equal(nextStep(pod, image, result('route'), 'uid-2', config).step, 'wake');
});

test('a pod that waits for two images is woken once for each, in any order', () => {
  const other = 'docker.io/library/other:1';
  let pod = aPod({ containers: [{ waiting: 'ErrImagePull' }, { image: other, waiting: 'ErrImagePull' }] });
  for (const [one, uid] of [
    [image, 'uid-1'],
    [other, 'uid-2'],
  ] as const) {
    assert.equal(nextStep(pod, one, result('route'), uid, config).step, 'wake');
    pod = woken(pod, one, uid);
  }
  assert.equal(nextStep(pod, image, result('route'), 'uid-1', config).step, 'none');
  assert.equal(nextStep(pod, other, result('route'), 'uid-2', config).step, 'none');
});

test('nonsense in the annotation counts as no wake', () => {
  for (const text of ['x', '[]', '{"docker.io/library/demo:1": 7}', '{"docker.io/library/demo:1": "uid-1 never"}']) {
    const pod = aPod({ metadata: { annotations: { 'image-rescue.dev/wake': text } } });
    assert.equal(nextStep(pod, image, result('route'), 'uid-1', config).step, 'wake', text);
  }
});

test('a pod that waits for something else is not touched', () => {
  assert.equal(
    nextStep(aPod({ containers: [{ image: 'other:1', waiting: 'ErrImagePull' }] }), image, result('route'), 'j', config)
      .step,
    'none',
  );
  assert.equal(nextStep(aPod({ containers: [{}] }), image, result('route'), 'j', config).step, 'none');
});

const nodeImages = JSON.stringify(['a.example/node', 'b.example/node', 'docker.io/node']);
for (const [current, waiting, expected, failed = current] of [
  ['a.example/node', 'ErrImagePull', 'b.example/node'],
  ['b.example/node', 'ImagePullBackOff', 'docker.io/node'],
  ['docker.io/node', 'ErrImagePull', undefined],
  ['a.example/node', undefined, undefined],
  ['elsewhere/node', 'ErrImagePull', undefined],
  ['b.example/node', 'ErrImagePull', undefined, 'a.example/node'],
] as const) {
  test(`a pull pod on ${current}, ${waiting ?? 'running'} of ${failed}: next is ${expected}`, () => {
    const pod = aPod({
      metadata: { annotations: { 'image-rescue.dev/node-images': nodeImages } },
      containers: [{ image: current, ...(waiting && { waiting, message: `Back-off pulling image "${failed}": no` }) }],
    });
    assert.equal(nextNodeImage(pod), expected);
  });
}
