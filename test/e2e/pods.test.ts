import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../cluster/wait-for.ts';
import { type Bed, patience, running, stuck, type TestPod } from './bed.ts';
import { casesOn } from './cases.ts';

// Every shape of pod, on a node whose containerd reads a host configuration folder.

const onNode = casesOn({ hostConfig: true });

const nodePath = (bed: Bed) => `/api/v1/nodes/${bed.cluster.nodeName}`;
const toldUntouched = (pod: TestPod | undefined) =>
  assert.equal(pod?.metadata.annotations?.['image-rescue.dev/original-images'], undefined, 'no image was changed');

onNode('every kind of owner: Deployment, StatefulSet, DaemonSet, Job, none', async (bed) => {
  bed.start();
  const kinds = ['deployments', 'statefulsets', 'daemonsets', 'jobs'];
  const images = await Promise.all([...kinds, 'bare'].map((kind) => bed.image(kind, 'owners.invalid/x')));
  for (const [index, kind] of kinds.entries())
    await bed.workload(
      kind,
      kind,
      { image: images[index]?.reference },
      kind === 'statefulsets' ? { serviceName: 'x' } : {},
    );
  await bed.pod('bare', { image: images[4]?.reference ?? '' });
  for (const name of [...kinds, 'bare']) toldUntouched((await bed.all(name, 1, 'running', running))[0]);
});

onNode(
  'init, sidecar and ordinary containers of one pod, each with an image of its own that cannot be pulled',
  async (bed) => {
    bed.start();
    const names = ['init', 'sidecar', 'one', 'two'];
    const [init, sidecar, one, two] = await Promise.all(names.map((name) => bed.image(name, 'many.invalid/x')));
    const before = await bed.pod(
      'many',
      { image: '' },
      {
        spec: {
          initContainers: [
            { name: 'init', image: init?.reference, command: ['true'] },
            { name: 'sidecar', image: sidecar?.reference, restartPolicy: 'Always' },
          ],
          containers: [
            { name: 'one', image: one?.reference },
            { name: 'two', image: two?.reference },
          ],
        },
      },
    );
    const [pod] = await bed.all('many', 1, 'running', running);
    assert.equal(pod?.metadata.uid, before.metadata.uid);
    toldUntouched(pod);
  },
);

onNode('an ephemeral container of a running pod', async (bed) => {
  bed.start();
  const [app, debug] = await Promise.all(['app', 'debug'].map((name) => bed.image(name, 'ephemeral.invalid/x')));
  await bed.pod('debugged', { image: app?.reference ?? '' });
  await bed.all('debugged', 1, 'running', running);
  const pod = '/api/v1/namespaces/default/pods/debugged';
  const ephemeralContainers = [{ name: 'debug', image: debug?.reference, imagePullPolicy: 'IfNotPresent' }];
  await bed.cluster.kube.patch(
    `${pod}/ephemeralcontainers`,
    { spec: { ephemeralContainers } },
    'strategic-merge-patch',
  );
  type Debugged = TestPod & { status: { ephemeralContainerStatuses?: TestPod['status']['containerStatuses'] } };
  const runs = ({ status }: Debugged) => status.ephemeralContainerStatuses?.[0]?.state.running !== undefined;
  await bed.cluster.kube.until<Debugged>(pod, runs, patience, 'the ephemeral container to run');
});

onNode('an image volume', async (bed) => {
  bed.start();
  const [app, data] = await Promise.all(['app', 'data'].map((name) => bed.image(name, 'volume.invalid/x')));
  const volumes = [{ name: 'data', image: { reference: data?.reference, pullPolicy: 'IfNotPresent' } }];
  const containers = [{ name: 'app', image: app?.reference, volumeMounts: [{ name: 'data', mountPath: '/data' }] }];
  await bed.pod('volume', { image: '' }, { spec: { containers, volumes } });
  await bed.all('volume', 1, 'running', running);
});

onNode('a static pod is named and left to its kubelet', async (bed) => {
  bed.start();
  const { reference } = await bed.image('static', 'static.invalid/x');
  const file = path.join(bed.cluster.staticPods, 'static.json');
  const metadata = { name: 'static', namespace: 'default', labels: { app: 'static' } };
  const spec = { terminationGracePeriodSeconds: 1, containers: [{ name: 'app', image: reference }] };
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec }));
  try {
    const [pod] = await bed.all('static', 1, 'running', running);
    assert.equal(pod?.metadata.annotations?.['image-rescue.dev/wake'], undefined);
  } finally {
    await rm(file);
  }
});

onNode('a cordoned node with a NoExecute taint', async (bed) => {
  bed.start();
  const { reference } = await bed.image('tainted', 'tainted.invalid/x');
  const taints = [{ key: 'example.com/away', effect: 'NoExecute' }];
  await bed.cluster.kube.patch(nodePath(bed), { spec: { unschedulable: true, taints } });
  try {
    const tolerations = [{ operator: 'Exists' }];
    await bed.pod('tainted', { image: reference }, { spec: { nodeName: bed.cluster.nodeName, tolerations } });
    await bed.all('tainted', 1, 'running', running);
  } finally {
    await bed.cluster.kube.patch(nodePath(bed), { spec: { unschedulable: null, taints: null } });
  }
});

onNode("a NotReady node whose network plugin's own pod is what is stuck", async (bed) => {
  const { networkFolder, kube } = bed.cluster;
  const file = path.join(networkFolder, '10-test.conflist');
  const network = await readFile(file);
  type Node = TestPod & { status: { conditions: { type: string; status: string }[] } };
  const ready = (status: string) => (node: Node) =>
    node.status.conditions.some((one) => one.type === 'Ready' && one.status === status);
  await rm(file);
  try {
    await kube.until<Node>(nodePath(bed), ready('False'), patience, 'the node to be NotReady');
    bed.start();
    const { reference } = await bed.image('plugin', 'plugin.invalid/x');
    const plugin = { hostNetwork: true, tolerations: [{ operator: 'Exists' }], nodeName: bed.cluster.nodeName };
    await bed.pod('plugin', { image: reference }, { spec: plugin });
    await bed.all('plugin', 1, 'running', running);
  } finally {
    // Written, not renamed: containerd reads its network anew after a write.
    await writeFile(file, network);
    await kube.until<Node>(nodePath(bed), ready('True'), patience, 'the node to be Ready again');
  }
});

onNode('an Always container whose pull fails on a restart', async (bed) => {
  bed.start({ ROUTE_HOLD: '25' }); // longer than the kubelet's first back-offs
  const { reference } = await bed.image('again', 'again.invalid/x');
  await bed.pod('again', { image: reference, imagePullPolicy: 'Always' });
  const [first] = await bed.all('again', 1, 'running', running);
  await waitFor('the route to be down', async () => (await bed.routes('again.invalid')) === 0, patience);
  await bed.kill(first as TestPod);
  const [pod] = await bed.all('again', 1, 'running again', (one) => restarts(one) > 0 && running(one));
  assert.equal(pod?.metadata.uid, first?.metadata.uid);
});

const restarts = (pod: TestPod) => pod.status.containerStatuses?.[0]?.restartCount ?? 0;

onNode('who is left alone: annotation, label of the namespace, EXCLUDE_NAMESPACES, our own pulls', async (bed) => {
  const since = new Date().toISOString();
  const { kube } = bed.cluster;
  const labels = { 'image-rescue.dev/skip': 'true' };
  await kube.post('/api/v1/namespaces', { metadata: { name: 'labelled', labels } });
  await kube.post('/api/v1/namespaces', { metadata: { name: 'excluded' } });
  bed.start({ EXCLUDE_NAMESPACES: 'excluded', IMAGE_CHECK_INTERVAL: '2' });
  const reference = 'alone.invalid/x/alone:1'; // not pushed either: a push asks the mirror, too
  await bed.pod('alone', { image: reference }, { metadata: { annotations: labels } });
  const elsewhere = { metadata: { name: 'alone' }, spec: { containers: [{ name: 'app', image: reference }] } };
  for (const namespace of ['labelled', 'excluded']) {
    const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
    await kube.until(account, () => true, patience, 'the service account');
    await kube.post(`/api/v1/namespaces/${namespace}/pods`, elsewhere);
  }
  await bed.all('alone', 1, 'stuck', stuck);
  for (const namespace of ['labelled', 'excluded'])
    await kube.until<TestPod>(`/api/v1/namespaces/${namespace}/pods/alone`, stuck, patience, 'it to be stuck');
  await sleep(6_000); // several sweeps
  assert.equal(await bed.jobsMade(since), 0);
  assert.equal((await bed.mirrored('alone.invalid/x/alone')).length, 0);
  const writes = (await bed.asked(since)).filter(({ verb }) => !['get', 'list'].includes(verb));
  assert.deepEqual(writes, []);
});

onNode('DRY_RUN says what would be done and does nothing', async (bed) => {
  const since = new Date().toISOString();
  bed.start({ DRY_RUN: 'true', IMAGE_CHECK_INTERVAL: '2' });
  const reference = 'dry.invalid/x/dry:1';
  await bed.pod('dry', { image: reference });
  assert.match(await bed.word('dry', 'ImageRescueDryRun'), /would be fetched through 127\.0\.0\.1/);
  await sleep(4_000); // two sweeps
  const writes = (await bed.asked(since)).filter(({ verb, code }) => !['get', 'list'].includes(verb) && code !== 409);
  assert.deepEqual(
    writes.map(({ verb, resource }) => `${verb} ${resource}`),
    ['create events'],
  );
  assert.equal((await bed.mirrored('dry.invalid/x/dry')).length, 0);
});
