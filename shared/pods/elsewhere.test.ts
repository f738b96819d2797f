import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aPod } from '../../test/builders.ts';
import { digestsElsewhere } from './elsewhere.ts';
import type { Pod } from './pod.ts';

const digest = (one: string) => `sha256:${one.repeat(64)}`;
const here = { nodeName: 'node1', namespace: 'default', mostPods: 2000 };

/** A pod on another node that runs the image, with what its runtime reports. */
function runs(imageID: string, parts: Parameters<typeof aPod>[0] = {}): Pod {
  const pod = aPod({ nodeName: 'node2', phase: 'Running', containers: [{ image: 'demo:1' }], ...parts });
  for (const status of pod.status?.containerStatuses ?? []) status.imageID = imageID;
  return pod;
}

function changed(): Pod {
  const pod = runs(`docker.io/library/demo@${digest('a')}`);
  for (const status of pod.status?.containerStatuses ?? []) status.image = 'docker.io/library/demo:0';
  return pod;
}

async function found(pods: readonly Pod[], image = 'docker.io/library/demo:1') {
  const asked: unknown[] = [];
  const cluster = {
    async *listPods(selector: object) {
      asked.push(selector);
      yield* pods;
    },
  };
  return { found: await digestsElsewhere(cluster, image, here), asked };
}

test('the digest that the runtime of another node reports', async () => {
  const pods = [runs(`docker.io/library/demo@${digest('a')}`), runs(`docker-pullable://demo@${digest('b')}`)];
  const { found: some, asked } = await found(pods);
  assert.deepEqual(some, [
    { node: 'node2', digest: digest('a') },
    { node: 'node2', digest: digest('b') },
  ]);
  const fields = 'status.phase=Running,spec.nodeName!=node1';
  assert.deepEqual(asked, [{ fields, namespace: 'default' }]);
});

for (const [what, pod] of [
  ['an ID in place of a digest', runs(digest('a'))],
  ['the digest of another name', runs(`mirror.example/library/demo@${digest('a')}`)],
  ['a container whose image was changed and that has not ended yet', changed()],
  ['another tag', runs(`docker.io/library/demo@${digest('a')}`, { containers: [{ image: 'demo:2' }] })],
  [
    'a container that waits',
    runs(`docker.io/library/demo@${digest('a')}`, { containers: [{ waiting: 'ErrImagePull' }] }),
  ],
] as const)
  test(`${what} says nothing`, async () => assert.deepEqual((await found([pod])).found, []));

test('a name with a digest is not looked for', async () => {
  const { found: some, asked } = await found([], `docker.io/library/demo@${digest('a')}`);
  assert.deepEqual([some, asked], [[], []]);
});

test('a large cluster is not read whole', async () => {
  let read = 0;
  const cluster = {
    async *listPods() {
      for (;;) {
        read += 1;
        yield runs(digest('a'));
      }
    },
  };
  await digestsElsewhere(cluster, 'docker.io/library/demo:1', here);
  assert.equal(read, 2000);
});
