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
function pullPod(way: 'route' | 'name', digest?: string): Pod {
  const result = { way, already: false, milliseconds: 1, mirror: 'm.example', answers: [] };
  const message = writeResult({ ...result, ...(digest !== undefined && { digest }) });
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

const ours = `sha256:${'a'.repeat(64)}`;
const theirs = `sha256:${'b'.repeat(64)}`;

/** A pod on another node that runs the image. */
function elsewhere(namespace: string, digest: string): Pod {
  const pod = aPod({
    metadata: { name: 'other', namespace },
    nodeName: 'node2',
    phase: 'Running',
    containers: [{ image }],
  });
  for (const status of pod.status?.containerStatuses ?? []) status.imageID = `docker.io/library/demo@${digest}`;
  return pod;
}

/** What a pod is told about others, where other nodes run these pods, and how often those were asked for. */
async function toldOfOthers(others: Pod[] | 'cannot be listed') {
  const pods = new Map([aPod(), pullPod('route', ours)].map((pod) => [pod.metadata.name, pod]));
  const { cluster, told } = dyingAfterItsWake(pods);
  let asked = 0;
  const listPods: typeof cluster.listPods = async function* ({ fields, namespace }) {
    if (!fields?.startsWith('status.phase=Running')) return yield* pods.values();
    asked += 1;
    if (others === 'cannot be listed') throw new Error('timed out');
    yield* others.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
  };
  const config = readConfig({ DOCKER_PROXY_URL: 'm.example' });
  const annotatePod = async () => 'done' as const;
  const deps = {
    cluster: { ...cluster, listPods, annotatePod },
    config,
    now: () => at,
    log: pino({ level: 'silent' }),
  };
  const extensions = { kind: 'Pod', rescuesource: 'pulls' };
  const event = { id: '1', type: eventTypes.resourceUpdated, source: 'x', extensions, data: pods.get('pull-1') };
  const reply = await restore(deps)(event);
  assert.equal(reply?.type, eventTypes.imageRestored);
  const before = asked;
  await restore(deps)(event);
  assert.equal(asked, before, 'what was told is not looked up again');
  const messages = [...told.values()].map(({ message }) => message);
  assert.match(messages[0] ?? '', /came through m\.example/);
  return messages.slice(1);
}

test('a node that runs the name as something else is told, in its own namespace with what and where', async () => {
  const [word = ''] = await toldOfOthers([elsewhere('default', theirs)]);
  assert.ok(word.includes(`node node2 reports it as ${theirs}`) && word.includes(ours), word);
  const [far = ''] = await toldOfOthers([elsewhere('theirs', theirs)]);
  assert.match(far, /another node, in another namespace, reports it as something else/);
  assert.doesNotMatch(far, new RegExp(`node2|${theirs}`));
  assert.deepEqual(await toldOfOthers([elsewhere('default', ours)]), []);
});

test('that others cannot be looked at takes no word away', async () => {
  assert.deepEqual(await toldOfOthers('cannot be listed'), []);
});
