import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PermissionError } from '../../shared/cluster/api.ts';
import type { ToldEvent } from '../../shared/cluster/kubernetes-events.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { aPod } from '../../test/builders.ts';
import { anEvent, aPull, now } from '../../test/snapshot.ts';
import type { OwnEvent, Reader } from './reader.ts';
import { takeSnapshot } from './snapshot.ts';

const asked = { pullNamespace: 'image-rescue-pull' };
const pull = aPull({ begun: true });

interface Content {
  pods?: Pod[];
  events?: OwnEvent[];
  kubelet?: ToldEvent[];
  log?: string;
}

/** A cluster with one pull; of what is forbidden, the method fails as the API server would have it. */
function aReader({ pods = [], events = [], kubelet = [], log = '' }: Content, ...forbidden: (keyof Reader)[]): Reader {
  const check = (method: keyof Reader) => {
    if (forbidden.includes(method))
      throw new PermissionError(403, 'Forbidden', `x is forbidden: cannot ${method} resource "x"`);
  };
  const answer =
    <T>(method: keyof Reader, content: T) =>
    async () => {
      check(method);
      return content;
    };
  return {
    readPod: async (_, name) => pods.find(({ metadata }) => metadata.name === name),
    async *listPods({ namespace, labels }) {
      check('listPods');
      if (labels !== undefined) {
        if (pull.pod !== undefined) yield pull.pod;
      } else yield* pods.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
    },
    eventsAbout: answer('eventsAbout', kubelet),
    readNamespace: answer('readNamespace', { 'image-rescue.dev/skip': '' }),
    pullJobs: answer('pullJobs', [pull.job]),
    ownEvents: answer('ownEvents', events),
    lastLines: answer('lastLines', log),
  };
}

const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);
const named = (name: string, parts: Parameters<typeof aPod>[0] = {}) =>
  aPod({ ...parts, metadata: { name, uid: name, ...parts.metadata } });

test('of all pods those count that wait for an image, are patched or blocked, outside the pull namespace', async () => {
  const originals = { 'image-rescue.dev/original-images': '{"c0":"docker.io/library/demo:1"}' };
  const pods = [
    named('stuck'),
    named('fine', { containers: [{}] }),
    named('patched', { containers: [{}], metadata: { annotations: originals } }),
    named('blocked', { containers: [{ waiting: 'ContainerCreating' }] }),
    named('creating', { containers: [{ waiting: 'ContainerCreating' }] }),
    named('pull', { metadata: { namespace: 'image-rescue-pull' } }),
  ];
  const events = [{ ...anEvent('ImageRescueBlocked', 'Nothing can be pulled for this pod: x.'), podUid: 'blocked' }];
  const snapshot = await takeSnapshot(aReader({ pods, events }), asked, now);
  assert.deepEqual(names(snapshot.pods), ['stuck', 'patched', 'blocked']);
});

test('progress, labels of namespaces and what the kubelet said are read where they are wanted', async () => {
  const log = '1.0 of 2.0 MB of x:1 have come\n';
  const kubelet = [
    { reason: 'Failed', message: 'x', from: 'kubelet', at: 1 },
    { reason: 'Failed', message: 'forged', from: 'somebody', at: 2 },
  ];
  const snapshot = await takeSnapshot(aReader({ pods: [named('stuck')], kubelet, log }), asked, now);
  assert.deepEqual([...snapshot.progress], [[pull.job.metadata.name, { bytes: 1e6, of: 2e6 }]]);
  assert.deepEqual([...snapshot.skipped], ['default']);
  assert.deepEqual([...snapshot.kubelet], [['stuck', kubelet.slice(0, 1)]]);
  assert.deepEqual(snapshot.missing, []);
});

for (const [method, without] of [
  ['pullJobs', 'pulls are not shown'],
  ['ownEvents', 'what pods were told is not shown'],
  ['eventsAbout', "the kubelet's Events are not shown"],
  ['readNamespace', 'labels of namespaces are not seen'],
] as const) {
  test(`without permission for ${method} that is named once, and the rest is there`, async () => {
    const pods = [named('a'), named('b')];
    const snapshot = await takeSnapshot(aReader({ pods }, method), asked, now);
    assert.deepEqual(snapshot.missing, [`x is forbidden: cannot ${method} resource "x"; ${without}`]);
    assert.deepEqual(names(snapshot.pods), ['a', 'b']);
  });
}

test('without permission for pods or logs: the first is named, progress is left out in silence', async () => {
  const withoutPods = await takeSnapshot(aReader({}, 'listPods'), asked, now);
  assert.equal(withoutPods.missing.length, 1);
  assert.match(withoutPods.missing[0] ?? '', /results are not shown; .*-n NAMESPACE/);
  const withoutLogs = await takeSnapshot(aReader({ pods: [named('a')] }, 'lastLines'), asked, now);
  assert.deepEqual(withoutLogs.missing, []);
  assert.equal(withoutLogs.progress.size, 0);
});

test('one pod is read by its name, whatever its state; none is nobody', async () => {
  const reader = aReader({ pods: [named('fine', { containers: [{}] })] }, 'listPods');
  const one = { ...asked, namespace: 'default' };
  assert.deepEqual(names((await takeSnapshot(reader, { ...one, pod: 'fine' }, now)).pods), ['fine']);
  assert.deepEqual((await takeSnapshot(reader, { ...one, pod: 'other' }, now)).pods, []);
});
