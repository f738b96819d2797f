import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aPod } from '../../test/builders.ts';
import { nextNodeImage } from './node-image.ts';

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

test("a kubelet's own limit is no answer of the address", () => {
  const message = 'Back-off pulling image "a.example/node": ErrImagePull: pull QPS exceeded';
  const pod = aPod({
    metadata: { annotations: { 'image-rescue.dev/node-images': nodeImages } },
    containers: [{ image: 'a.example/node', waiting: 'ImagePullBackOff', message }],
  });
  assert.equal(nextNodeImage(pod), undefined);
});
