import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aPod } from '../../test/builders.ts';
import { runsByAddress, waitToStart } from './neighbours.ts';

const image = 'docker.io/library/demo:1';

test('who has yet to start the image by name is seen, who pulls Always or another image is not', () => {
  const waits = (container: object) => waitToStart([aPod({ containers: [container] })], image);
  assert.equal(waits({ waiting: 'ContainerCreating', image: 'demo:1' }), true);
  assert.equal(waits({ waiting: 'ImagePullBackOff' }), true);
  assert.equal(waits({ waiting: 'ImagePullBackOff', imagePullPolicy: 'Always' }), false);
  assert.equal(waits({ waiting: 'ImagePullBackOff', image: 'other:1' }), false);
  assert.equal(waits({}), false, 'it runs');
});

test('a pod that runs by address is found by what it named before', () => {
  const annotations = { 'image-rescue.dev/original-images': '{"c0":"demo:1"}' };
  const patched = aPod({ metadata: { annotations }, containers: [{ image: 'm.example/docker.io/library/demo:1' }] });
  const putBack = aPod({ metadata: { annotations }, containers: [{ image: 'demo:1' }] });
  assert.deepEqual(runsByAddress([putBack, patched], image), {
    pod: patched,
    address: 'm.example/docker.io/library/demo:1',
  });
  assert.equal(runsByAddress([putBack, aPod()], image), undefined);
});
