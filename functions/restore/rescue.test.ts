import assert from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import { readConfig } from '../../shared/config/config.ts';
import type { RescueEvent } from '../../shared/events/event.ts';
import { eventTypes, type RescueReport } from '../../shared/events/types.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { writeResult } from '../../shared/pulls/result.ts';
import { aPod } from '../../test/builders.ts';
import type { RestoreDeps } from './deps.ts';
import { restore } from './handler.ts';

const image = 'docker.io/library/demo:1';
const at = Date.parse('2026-01-01T00:00:00Z');

/** A pull pod whose pull has ended well. */
function pullPod(way: 'route' | 'name'): Pod {
  const message = writeResult({ way, already: false, milliseconds: 1, mirror: 'm.example', answers: [] });
  const pod = aPod({
    metadata: {
      name: 'pull-1',
      namespace: 'image-rescue-pull',
      uid: 'uid-pull',
      labels: { 'image-rescue.dev/kind': 'pull', 'batch.kubernetes.io/controller-uid': 'uid-job' },
      annotations: { 'image-rescue.dev/image': image, 'image-rescue.dev/asked-by': 'default/another' },
    },
    containers: [{ name: 'registry' }, { name: 'pull' }],
  });
  const ended = pod.status?.containerStatuses?.[1];
  assert.ok(ended);
  ended.state = { terminated: { exitCode: 0, finishedAt: new Date(at).toISOString(), message } };
  return pod;
}

/** A cluster in which restore dies once, right after it woke the pod. */
function dyingAfterItsWake(pods: Map<string, Pod>) {
  const told = new Map<string, { occasion: string; message: string }>();
  let wakes = 0;
  const cluster: RestoreDeps['cluster'] = {
    readPod: async (_, name) => pods.get(name),
    readNamespace: async () => ({}),
    async *listPods() {
      yield* [...pods.values()];
    },
    annotatePod: async (pod, annotations) => {
      pods.set(pod.metadata.name, { ...pod, metadata: { ...pod.metadata, annotations } });
      wakes += 1;
      if (wakes === 1) throw new Error('killed');
      return 'done';
    },
    changeImages: async () => assert.fail('nothing is to be patched'),
    writeEvent: async ({ name, occasion, message }) => {
      if (told.get(name)?.occasion === occasion) return 'known';
      told.set(name, { occasion, message });
      return 'told';
    },
    eventsAbout: async () => [],
    readJob: async () => undefined,
  };
  return { cluster, told, wakes: () => wakes };
}

for (const way of ['route', 'name'] as const) {
  for (const meanwhile of ['waits still', 'has started'] as const) {
    test(`restore died between wake and Event, the pod ${meanwhile}, by ${way}: told once, woken once, reported`, async () => {
      const pods = new Map([aPod(), pullPod(way)].map((pod) => [pod.metadata.name, pod]));
      const { cluster, told, wakes } = dyingAfterItsWake(pods);
      const config = readConfig({ DOCKER_PROXY_URL: 'm.example' });
      const handler = restore({ cluster, config, now: () => at + 60_000, log: pino({ level: 'silent' }) });
      const event: RescueEvent = {
        id: '1',
        type: eventTypes.resourceUpdated,
        source: 'x',
        extensions: { kind: 'Pod', rescuesource: 'pulls' },
        data: pods.get('pull-1'),
      };
      await assert.rejects(handler(event), /killed/);
      assert.equal(told.size, 0);
      const woken = pods.get('web-1');
      assert.ok(woken);
      if (meanwhile === 'has started') pods.set('web-1', { ...aPod({ containers: [{}] }), metadata: woken.metadata });
      const reply = await handler(event);
      assert.equal(reply?.type, eventTypes.imageRestored);
      assert.deepEqual((reply.data as RescueReport).pods, ['default/web-1']);
      assert.equal(await handler(event), undefined, 'brought once more, it has nothing to add');
      assert.deepEqual(
        [...told.values()].map(({ message }) => /came through m\.example.*The container starts/.test(message)),
        [true],
      );
      assert.equal(wakes(), 1);
    });
  }
}
