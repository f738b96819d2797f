import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as z from 'zod';
import { startCluster, type TestCluster } from '../cluster/cluster.ts';
import type { KubeObject } from '../cluster/kube.ts';
import { kubectlOn } from '../cluster/objects.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { type Manifest, render } from '../knative/render.ts';

// What a real API server makes of the manifests: every field known, Pod Security, admission, roles.

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster({ hostConfig: false });
});
after(() => cluster?.stop());

const patience = 60_000;
const builtIn = (objects: readonly Manifest[]) =>
  objects.filter(({ apiVersion }) => /^(v1|apps\/v1|[^/]+\.k8s\.io\/v1)$/.test(apiVersion));
const dryRun = ['--dry-run=server', '--validate=strict'];

const kubectl = (verb: 'apply' | 'create', objects: readonly object[], ...options: string[]) =>
  kubectlOn(cluster, verb, objects, ...options);

for (const base of ['knative', 'standalone']) {
  test(`${base}: the API server knows every field of every built-in object, and takes it`, async () => {
    const objects = builtIn(render(base));
    await kubectl(
      'apply',
      objects.filter(({ kind }) => kind === 'Namespace'),
      '--validate=strict',
    );
    const told = await kubectl('apply', objects, ...dryRun);
    assert.equal(told.trim().split('\n').length, objects.length);
    const spoiled = objects.map((object) => (object.kind === 'ConfigMap' ? { ...object, date: {} } : object));
    await assert.rejects(kubectl('apply', spoiled, ...dryRun), /unknown field "date"/);
    await kubectl('apply', objects);
  });
}

const podTemplate = z.looseObject({
  spec: z.object({ template: z.object({ spec: z.looseObject({ containers: z.array(z.looseObject({})) }) }) }),
});

test('Pod Security lets every pod of ours into its namespace, and nothing looser into that of the functions', async () => {
  const pods = [...render('knative'), ...render('standalone')].filter(({ kind }) =>
    /^(Service|Deployment)$/.test(kind),
  );
  assert.equal(pods.length, 6);
  for (const object of pods) {
    const { spec } = podTemplate.parse(object).spec.template;
    // Serving names the container.
    const containers = spec.containers.map((container) => ({ name: 'user-container', ...container }));
    const { name, namespace } = object.metadata;
    const pod = (more: object) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `${name}-pod`, namespace },
      spec: { ...spec, containers, ...more },
    });
    await waitFor('its service account', async () => kubectl('create', [pod({})], ...dryRun).then(Boolean), patience);
    if (object.kind === 'Service')
      await assert.rejects(
        kubectl('create', [pod({ hostNetwork: true })], ...dryRun),
        /violates PodSecurity "restricted/,
      );
  }
});

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'one', image: 'x.invalid/x:1' }] } };
const metadata = { name: 'probe', namespace: 'image-rescue-pull' };
const job = { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { template } };
const pod = { apiVersion: 'v1', kind: 'Pod', metadata, ...template };
const as = (account: string) => `--as=system:serviceaccount:image-rescue:${account}`;

test('nobody but submit-cache makes anything that runs in the pull namespace, an administrator included', async () => {
  // A new policy is in force a moment after it is made.
  await waitFor(
    'the policy',
    () =>
      kubectl('create', [job], ...dryRun).then(
        () => undefined,
        (error: Error) => /only image-rescue makes Jobs/.test(error.message) || undefined,
      ),
    patience,
  );
  await assert.rejects(kubectl('create', [pod], ...dryRun), /only Jobs make pods in this namespace/);
  const owned = {
    ...pod,
    metadata: {
      ...metadata,
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'x', uid: 'x', controller: true }],
    },
  };
  await assert.rejects(kubectl('create', [owned], ...dryRun), /only Jobs make pods in this namespace/);
  const elsewhere = { ...job, metadata: { ...metadata, namespace: 'default' } };
  await kubectl('create', [elsewhere], ...dryRun);

  await assert.rejects(kubectl('create', [job], as('restore')), /cannot create resource "jobs"/);
  await kubectl('create', [job], as('submit-cache'));
  await cluster.kube.until<{ items: KubeObject[] }>(
    '/api/v1/namespaces/image-rescue-pull/pods?labelSelector=batch.kubernetes.io/job-name=probe',
    ({ items }) => items.length === 1,
    patience,
    "the Job's pod",
  );
});

const pulls = ['-n', 'image-rescue-pull'];
const everywhere = ['-A'];

for (const [account, may, not] of [
  [
    'detect',
    [],
    [
      ['list', 'pods', ...everywhere],
      ['get', 'pods', ...pulls],
    ],
  ],
  ['dead-letter', [], [['list', 'pods', ...everywhere]]],
  [
    'submit-cache',
    [
      ['get', 'pods', ...everywhere],
      ['get', 'nodes'],
      ['create', 'jobs', ...pulls],
      ['list', 'pods', ...pulls],
    ],
    [
      ['patch', 'pods', ...everywhere],
      ['list', 'pods', ...everywhere],
      ['create', 'jobs', '-n', 'default'],
      ['create', 'namespaces'],
    ],
  ],
  [
    'restore',
    [
      ['patch', 'pods', ...everywhere],
      ['create', 'events', ...everywhere],
      ['get', 'jobs', ...pulls],
    ],
    [
      ['create', 'jobs', ...pulls],
      ['delete', 'pods', ...everywhere],
      ['get', 'nodes'],
      ['get', 'jobs', '-n', 'default'],
    ],
  ],
  [
    'sweep',
    [['list', 'pods', ...everywhere]],
    [
      ['watch', 'pods', ...everywhere],
      ['get', 'pods', ...pulls],
    ],
  ],
  [
    'source-pulls',
    [
      ['watch', 'jobs', ...pulls],
      ['list', 'pods', ...pulls],
    ],
    [
      ['watch', 'pods', ...everywhere],
      ['create', 'jobs', ...pulls],
    ],
  ],
  [
    'source-cluster',
    [
      ['watch', 'pods', ...everywhere],
      ['watch', 'events', ...everywhere],
    ],
    [['patch', 'pods', ...pulls]],
  ],
] as const) {
  test(`${account} may do what is its work, and not what is another's`, async () => {
    const asked = async (what: readonly string[]) =>
      cluster.kubectl('auth', 'can-i', ...what, as(account)).then(
        (answer) => answer.trim(),
        () => 'no',
      );
    for (const what of may) assert.equal(await asked(what), 'yes', what.join(' '));
    for (const what of not) assert.equal(await asked(what), 'no', what.join(' '));
  });
}
