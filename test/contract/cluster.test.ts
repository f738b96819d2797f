import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KubeConfig } from '@kubernetes/client-node';
import pino from 'pino';
import { submitCache } from '../../functions/submit-cache/handler.ts';
import { makeApi } from '../../shared/cluster/api.ts';
import { type Cluster, makeCluster } from '../../shared/cluster/cluster.ts';
import { readConfig } from '../../shared/config/config.ts';
import { ownEvent } from '../../shared/events/event.ts';
import { eventTypes } from '../../shared/events/types.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { startCluster, type TestCluster } from '../cluster/cluster.ts';
import { waitFor } from '../cluster/wait-for.ts';

// What the functions rely on, asked of a real API server.

let real: TestCluster;
let cluster: Cluster;
const patience = 60_000;

before(async () => {
  real = await startCluster({ hostConfig: false });
  const config = new KubeConfig();
  config.loadFromFile(real.kubeconfig);
  cluster = makeCluster(makeApi(config));
});
after(() => real?.stop());

/** A pod that nobody changes: it never gets as far as a node. */
async function aPod(name: string): Promise<Pod> {
  const spec = {
    schedulingGates: [{ name: 'example.com/never' }],
    containers: [{ name: 'app', image: 'x.invalid/x:1' }],
  };
  await real.kube.post('/api/v1/namespaces/default/pods', { metadata: { name }, spec });
  return (await cluster.readPod('default', name)) as Pod;
}

test('a patch reaches the pod that was read and no other', async () => {
  const pod = await aPod('patched');
  assert.equal(await cluster.annotatePod(pod, { a: '1' }), 'done');
  const now = await cluster.readPod('default', 'patched');
  assert.equal(now?.metadata.annotations?.['a'], '1');
  assert.equal(await cluster.annotatePod(pod, { a: '2' }), 'conflict', 'it has changed since');
  // Its predecessor of the same name had another uid and, as ever, another resourceVersion.
  const predecessor = { ...pod, metadata: { ...pod.metadata, uid: 'another' } };
  assert.equal(await cluster.annotatePod(predecessor, { a: '3' }), 'conflict', 'it was another pod of that name');
  assert.equal((await cluster.readPod('default', 'patched'))?.metadata.annotations?.['a'], '1');
  const absent = { ...pod, metadata: { ...pod.metadata, name: 'absent' } };
  assert.equal(await cluster.annotatePod(absent, { a: '4' }), 'gone');
});

test('images of containers change under the same condition', async () => {
  const pod = await aPod('changed');
  assert.equal(await cluster.changeImages(pod, { app: 'y.invalid/y:1' }), 'done');
  assert.equal((await cluster.readPod('default', 'changed'))?.spec.containers[0]?.image, 'y.invalid/y:1');
  assert.equal(await cluster.changeImages(pod, { app: 'z.invalid/z:1' }), 'conflict');
});

test('what is not there is undefined, and a name cannot leave its path', async () => {
  assert.equal(await cluster.readPod('default', 'nobody'), undefined);
  assert.equal(await cluster.readNode('nobody'), undefined);
  assert.equal(await cluster.readJob('default', 'nobody'), undefined);
  assert.equal(await cluster.readPod('default', 'a/../../secrets'), undefined);
  assert.equal(await cluster.readPod('default', '..'), undefined);
});

test('pods come page by page, and by selector', async () => {
  const names = async (selector: Parameters<Cluster['listPods']>[0]) => {
    const found: string[] = [];
    for await (const pod of cluster.listPods(selector)) found.push(pod.metadata.name);
    return found.sort();
  };
  for (let index = 0; index < 205; index += 1) {
    await real.kube.post('/api/v1/namespaces/default/pods', {
      metadata: { name: `page-${index}`, labels: { page: String(index % 2) } },
      spec: { nodeSelector: { no: 'where' }, containers: [{ name: 'app', image: 'x' }] },
    });
  }
  assert.equal((await names({ namespace: 'default' })).filter((name) => name.startsWith('page-')).length, 205);
  assert.equal((await names({ labels: 'page=1' })).length, 102);
  assert.equal((await names({ fields: 'spec.nodeName=nobody' })).length, 0);
});

test('an Event is told once for an occasion, and counts up for another', async () => {
  const { uid } = ((await cluster.readPod('default', 'patched')) as Pod).metadata;
  const event = {
    name: 'patched.once',
    occasion: 'first',
    about: { namespace: 'default', name: 'patched', uid },
    type: 'Normal',
    reason: 'R',
    message: 'ü'.repeat(600),
  } as const;
  assert.equal(await cluster.writeEvent(event), 'told');
  assert.equal(await cluster.writeEvent(event), 'known');
  assert.equal(await cluster.writeEvent({ ...event, occasion: 'second' }), 'told');
  const { count } = await real.kube.get<{ count: number }>('/api/v1/namespaces/default/events/patched.once');
  assert.equal(count, 2);
  const [told] = (await cluster.eventsAbout('default', uid)).filter(({ reason }) => reason === 'R');
  assert.ok(Buffer.byteLength(told?.message ?? '') <= 1024);
});

test('a Job goes with its pod, and only the one that was meant', async () => {
  const labels = { 'batch.kubernetes.io/job-name': 'gone' };
  const body = {
    metadata: { name: 'gone' },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'x.invalid/x:1' }] } } },
  };
  assert.equal(await cluster.createJob(body, 'default'), 'created');
  assert.equal(await cluster.createJob(body, 'default'), 'exists');
  const job = await cluster.readJob('default', 'gone');
  assert.ok(job);
  const pods = async () => {
    for await (const pod of cluster.listPods({
      namespace: 'default',
      labels: Object.entries(labels)
        .map((one) => one.join('='))
        .join(),
    }))
      return pod;
    return undefined;
  };
  await waitFor('its pod', pods, patience);
  await cluster.deleteJob({ ...job, metadata: { ...job.metadata, uid: 'another' } });
  assert.ok(await cluster.readJob('default', 'gone'), 'another one of that name is left alone');
  await cluster.deleteJob(job);
  await waitFor('its pod to go', async () => (await pods()) === undefined, patience);
});

test('a pod that was replaced between two events: its successor is left alone', async () => {
  const spec = { containers: [{ name: 'app', image: 'x.invalid/x:1' }] };
  await real.kube.post('/api/v1/namespaces/default/pods', { metadata: { name: 'replaced' }, spec });
  await waitFor(
    'it to be stuck',
    async () => {
      const pod = await cluster.readPod('default', 'replaced');
      return pod?.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ErrImagePull';
    },
    patience,
  );
  const config = { ...readConfig({ DOCKER_PROXY_URL: 'm.example', MIRROR_REGISTRIES: '*' }), program: 'none' };
  const handler = submitCache({
    cluster,
    config,
    prepare: async () => undefined,
    now: Date.now,
    log: pino({ level: 'silent' }),
  });
  const stale = { pod: { namespace: 'default', name: 'replaced', uid: 'its predecessor' }, images: [] };
  assert.equal(await handler(ownEvent('detect', eventTypes.imageStuck, 'default/replaced', stale)), undefined);
  const made = (await real.audit()).filter(
    ({ verb, resource, namespace }) => verb === 'create' && resource === 'jobs' && namespace === config.pullNamespace,
  );
  assert.deepEqual(made, []);
});
