import assert from 'node:assert/strict';
import { test } from 'node:test';
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

test('a Job wakes a pod once; another Job wakes it again', () => {
  const annotations = { 'image-rescue.dev/wake': wakeValue({ job: 'pull-a', image, at: 0 }) };
  const pod = aPod({ metadata: { annotations } });
  assert.equal(nextStep(pod, image, result('route'), 'pull-a', config).step, 'none');
  assert.equal(nextStep(pod, image, result('route'), 'pull-b', config).step, 'wake');
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
