import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aPod } from '../../test/builders.ts';
import { stuckContainers } from './stuck.ts';

/** A container that mounts two image volumes, and whose kubelet says this. */
function withVolumes(message: string) {
  const pod = aPod({ containers: [{ image: 'app:1', waiting: 'ErrImagePull', message }] });
  const [container] = pod.spec.containers;
  const volumes = ['data', 'more'].map((name) => ({ name, image: { reference: `${name}:1`, pullPolicy: 'Always' } }));
  const containers = container ? [{ ...container, volumeMounts: [{ name: 'data' }, { name: 'more' }] }] : [];
  return { ...pod, spec: { ...pod.spec, containers, volumes: [...volumes, { name: 'plain' }] } };
}

for (const [message, expected] of [
  ['failed to pull and unpack image "docker.io/library/data:1": no such host', ['data:1']],
  ['Back-off pulling image "more:1": ErrImagePull: no such host', ['more:1']],
  ['Back-off pulling image "app:1"', ['app:1']],
  ['', ['app:1']],
] as const) {
  test(`of a container with image volumes, "${message}" is about ${expected}`, () => {
    const stuck = stuckContainers(withVolumes(message));
    assert.deepEqual(
      stuck.map(({ image }) => image),
      expected,
    );
    assert.equal(stuck[0]?.kind, expected[0] === 'app:1' ? 'container' : 'image volume');
  });
}
