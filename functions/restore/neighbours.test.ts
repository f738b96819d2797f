import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../shared/config/config.ts';
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

const address = 'm.example/docker.io/library/demo:1';
const { rules } = readConfig({ DOCKER_PROXY_URL: 'm.example' });
const said = (original: string) => ({ annotations: { 'image-rescue.dev/original-images': `{"c0":"${original}"}` } });
const found = (pod: Parameters<typeof aPod>[0]) => runsByAddress([aPod(), aPod(pod)], image, rules);

test('a pod that runs by an address of the image is found', () => {
  assert.equal(found({ metadata: said('demo:1'), containers: [{ image: address }] }), address);
});

for (const [what, pod] of [
  ['whose original is back', { metadata: said('demo:1'), containers: [{ image: 'demo:1' }] }],
  ['that does not run yet', { metadata: said('demo:1'), containers: [{ image: address, waiting: 'ErrImagePull' }] }],
  ['whose image is no address of ours', { metadata: said('demo:1'), containers: [{ image: 'evil.example/x:1' }] }],
  ['that was another image', { metadata: said('other:1'), containers: [{ image: address }] }],
  ['with a container named constructor', { containers: [{ name: 'constructor', image: address }] }],
] as const)
  test(`a pod ${what} says nothing of it`, () =>
    assert.equal(found({ ...pod, containers: [...pod.containers] }), undefined));
