import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pullNamespace, running, stuck } from './bed.ts';
import { casesOn } from './cases.ts';
import { endlessMirror } from './mirrors.ts';

// Whatever keeps a pull from ending in a result is told on the pod that waits, and not repeated in a loop.

const mostPods = 12;
const onNode = casesOn({ hostConfig: true, kubelet: { maxPods: mostPods } });

onNode('Pod Security forbids the pull pod: told, one Job', async (bed) => {
  const since = new Date().toISOString();
  await bed.cluster.kube.post('/api/v1/namespaces', {
    metadata: { name: 'restricted-pulls', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  bed.start({
    PULL_NAMESPACE: 'restricted-pulls',
    START_DEADLINE: '10',
    PULL_DEADLINE: '5',
    ROUTE_HOLD: '0',
  });
  await bed.pod('security', { image: 'security.invalid/x:1' });
  assert.match(await bed.word('security', 'ImageRescueFailed'), /violates PodSecurity/);
  assert.equal(await bed.jobsMade(since), 1);
});

onNode(
  "the runtime's socket is elsewhere (FailedMount): told while it waits and when it failed, one Job",
  async (bed) => {
    const since = new Date().toISOString();
    bed.start({
      RUNTIME_SOCKET: '/run/nowhere.sock',
      START_DEADLINE: '45',
      PULL_DEADLINE: '5',
      ROUTE_HOLD: '0',
      IMAGE_CHECK_INTERVAL: '3',
    });
    await bed.pod('mount', { image: 'mount.invalid/x:1' });
    assert.match(await bed.word('mount', 'ImageRescueDelayed'), /nowhere\.sock/);
    assert.match(await bed.word('mount', 'ImageRescueFailed'), /nowhere\.sock|DeadlineExceeded/);
    assert.equal(await bed.jobsMade(since), 1);
  },
);

onNode('a mirror that never ends (deadline): told, one Job', async (bed) => {
  const since = new Date().toISOString();
  const { reference } = await bed.image('endless', 'endless.invalid/x');
  const mirror = await endlessMirror(bed.cluster.mirror.address, (url) => url.includes('endless.invalid'));
  try {
    bed.start({ DOCKER_PROXY_URL: mirror.address, PULL_DEADLINE: '8' });
    await bed.pod('endless', { image: reference });
    assert.match(await bed.word('endless', 'ImageRescueFailed'), /did not end within 8 s/);
    assert.equal(await bed.jobsMade(since), 1);
  } finally {
    mirror.close();
  }
});

onNode('the node is full (OutOfpods): told, one Job; tried again, and once there is room it runs', async (bed) => {
  const since = new Date().toISOString();
  const { reference } = await bed.image('full', 'full.invalid/x');
  await bed.deployment('full', { image: reference }, mostPods);
  await bed.all('full', mostPods, 'stuck', stuck);
  bed.start({ COOL_DOWN: '15', IMAGE_CHECK_INTERVAL: '3' });
  assert.match(await bed.word('full', 'ImageRescueFailed'), /OutOfpods/);
  assert.equal(await bed.jobsMade(since), 1);
  await bed.cluster.kube.patch('/apis/apps/v1/namespaces/default/deployments/full', { spec: { replicas: 2 } });
  await bed.all('full', 2, 'running', running);
});

onNode('the node is gone: told, one Job', async (bed) => {
  const since = new Date().toISOString();
  const { kube } = bed.cluster;
  const nodeInfo = {
    containerRuntimeVersion: 'containerd://2.2.3',
    operatingSystem: 'linux',
    architecture: 'amd64',
    machineID: '',
    systemUUID: '',
    bootID: '',
    kernelVersion: '',
    osImage: '',
    kubeletVersion: 'v1.36.3',
    kubeProxyVersion: '',
  };
  await kube.post('/api/v1/nodes', { metadata: { name: 'ghost' } });
  await kube.patch('/api/v1/nodes/ghost/status', { status: { nodeInfo } });
  try {
    bed.start({ START_DEADLINE: '5', PULL_DEADLINE: '5', ROUTE_HOLD: '0' });
    await bed.pod('ghost', { image: 'ghost.invalid/x:1' }, { spec: { nodeName: 'ghost' } });
    const waiting = { reason: 'ErrImagePull', message: 'no such host' };
    await kube.patch('/api/v1/namespaces/default/pods/ghost/status', {
      status: {
        phase: 'Pending',
        containerStatuses: [
          { name: 'app', image: 'ghost.invalid/x:1', imageID: '', ready: false, restartCount: 0, state: { waiting } },
        ],
      },
    });
    assert.match(await bed.word('ghost', 'ImageRescueFailed'), /DeadlineExceeded|deadline/);
    assert.equal(await bed.jobsMade(since), 1);
  } finally {
    await kube.delete('/api/v1/nodes/ghost');
    const onGhost = `/api/v1/namespaces/${pullNamespace}/pods?fieldSelector=spec.nodeName%3Dghost`;
    await kube.delete(onGhost, { gracePeriodSeconds: 0 });
  }
});

onNode('a missing permission is named once, with verb and resource, and the rest goes on', async (bed) => {
  const { kube, folder } = bed.cluster;
  await kube.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'limited' } });
  const api = '/apis/rbac.authorization.k8s.io/v1';
  const subjects = [{ kind: 'ServiceAccount', name: 'limited', namespace: 'default' }];
  const roleRef = (kind: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name: 'limited' });
  const metadata = { name: 'limited' };
  await kube.post('/api/v1/namespaces', { metadata: { name: 'limited-pulls' } });
  // The README's table, but for one line: no Event may be created.
  await kube.post(`${api}/clusterroles`, {
    metadata,
    rules: [
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch', 'patch'] },
      { apiGroups: [''], resources: ['nodes'], verbs: ['get'] },
      { apiGroups: [''], resources: ['events'], verbs: ['list'] },
      { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'create'] },
    ],
  });
  await kube.post(`${api}/clusterrolebindings`, { metadata, roleRef: roleRef('ClusterRole'), subjects });
  await kube.post(`${api}/namespaces/limited-pulls/roles`, {
    metadata,
    rules: [
      { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'watch', 'create', 'delete'] },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
    ],
  });
  await kube.post(`${api}/namespaces/limited-pulls/rolebindings`, { metadata, roleRef: roleRef('Role'), subjects });
  const { status } = await kube.post<{ status: { token: string } }>(
    '/api/v1/namespaces/default/serviceaccounts/limited/token',
    { spec: {} },
  );
  const admin = await bed.cluster.kubectl('config', 'view', '--raw', '-o', 'json');
  const config = JSON.parse(admin) as { users: { user: object }[] };
  for (const user of config.users) user.user = { token: status.token };
  const kubeconfig = path.join(folder, 'limited.kubeconfig');
  await writeFile(kubeconfig, JSON.stringify(config));
  const product = bed.start({ KUBECONFIG: kubeconfig, PULL_NAMESPACE: 'limited-pulls' });
  const [one, two] = [
    await bed.image('limited-one', 'limited.invalid/x'),
    await bed.image('limited-two', 'limited.invalid/x'),
  ];
  await bed.pod('limited-one', { image: one.reference });
  await bed.pod('limited-two', { image: two.reference });
  await bed.all('limited-one', 1, 'running', running);
  await bed.all('limited-two', 1, 'running', running);
  const said = product.log().filter(({ msg }) => String(msg).startsWith('missing permission'));
  assert.equal(said.length, 1, JSON.stringify(said));
  assert.match(String(said[0]?.['msg']), /cannot create resource "events"/);
});

onNode('a wrong environment: one line per problem, exit 2, before anything is watched', async (bed) => {
  const since = new Date().toISOString();
  const product = bed.start({ DOCKER_PROXY_URL: 'user:canary@m.example', IMAGE_CHECK_INTERVAL: 'soon' });
  assert.equal(await product.ended, 2);
  const lines = product.output().trim().split('\n');
  assert.equal(lines.length, 2, product.output());
  for (const name of ['DOCKER_PROXY_URL', 'IMAGE_CHECK_INTERVAL'])
    assert.ok(lines.some((line) => line.startsWith(name) && line.includes('Example: ')));
  assert.doesNotMatch(product.output(), /canary/);
  assert.deepEqual(await bed.asked(since), []);
});
