import assert from 'node:assert/strict';
import { pushImage } from '../cluster/images.ts';
import type { KubeObject } from '../cluster/kube.ts';
import { demoImage } from '../cluster/stock-images.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { patience, running, type TestPod } from './bed.ts';
import { casesOnBed } from './cases.ts';
import { byFledged, type FledgedBed, makeFledgedBed } from './fledged-bed.ts';
import { fledgedNamespace } from './fledged-objects.ts';
import type { Product } from './product.ts';

// However kube-fledged ends, and if it is not there at all: the ordinary Job sees to it, and the pod is told. On a node
// without a host configuration folder, where a pod shows by its image's name whether its kubelet pulled it for kube-fledged.

const onNode = casesOnBed(() => makeFledgedBed({ hostConfig: false }));

/** Without a pull of the kubelet's there is no record, and the pod runs under its image's own name. */
async function runsByName(bed: FledgedBed, name: string, reference: string, after?: RegExp): Promise<void> {
  const [pod] = await bed.all(name, 1, 'running', running);
  assert.equal(pod?.spec.containers[0]?.image, reference);
  await bed.noneLeft();
  if (after === undefined) return;
  const told = (await bed.told(pod as TestPod)).map(({ message }) => message);
  assert.ok(
    told.some((message) => after.test(message)),
    told.join('\n'),
  );
}

const said = (product: Product, what: RegExp) =>
  product.log().filter(({ level, msg }) => level === 'error' && what.test(String(msg))).length;

onNode('kube-fledged is not installed: one line says so, and its images come without it', async (bed) => {
  const product = bed.start(byFledged);
  for (const name of ['absent-a', 'absent-b']) {
    const { reference } = await bed.image(name, 'absent.invalid/x');
    await bed.pod(name, { image: reference });
    await runsByName(bed, name, reference);
  }
  assert.equal(said(product, /kube-fledged is not installed/), 1);
  assert.equal(said(product, /./), 1, 'and nothing else is wrong');
});

onNode('a namespace that does not exist: one line says so, and its images come without it', async (bed) => {
  await bed.install();
  const product = bed.start({ ...byFledged, KUBE_FLEDGED_NAMESPACE: 'no-such' });
  const { reference } = await bed.image('elsewhere', 'absent.invalid/x');
  await bed.pod('elsewhere', { image: reference });
  await runsByName(bed, 'elsewhere', reference);
  assert.equal(said(product, /no namespace no-such \(KUBE_FLEDGED_NAMESPACE\)/), 1);
  assert.equal(said(product, /./), 1, 'and nothing else is wrong');
});

onNode('Succeeded where it pulled nothing: a longer tag was on the node', async (bed) => {
  const { kube, ctr, mirror, nodeName } = bed.cluster;
  await pushImage(mirror.address, 'docker.io/library/longer', '12', await demoImage('the longer tag'));
  await ctr('images', 'pull', '--plain-http', `${mirror.address}/docker.io/library/longer:12`);
  type Node = KubeObject & { status: { images?: { names: string[] }[] } };
  const shows = ({ status }: Node) =>
    (status.images ?? []).some(({ names }) => names.some((name) => /:12$/.test(name)));
  await kube.until<Node>(`/api/v1/nodes/${nodeName}`, shows, patience, 'the node to show the longer tag');
  const fledged = await bed.controller();
  bed.start(byFledged);
  const { reference } = await bed.image('longer');
  await bed.pod('longer', { image: reference });
  await runsByName(bed, 'longer', reference, /kube-fledged was asked before and ended with Succeeded/);
  assert.deepEqual(fledged.pulls, [], 'it pulled nothing');
});

for (const word of ['Succeeded', 'NoImagesPulledOrDeleted'] as const) {
  onNode(`${word} where its Job was not admitted`, async (bed) => {
    const quotas = `/api/v1/namespaces/${fledgedNamespace}/resourcequotas`;
    await bed.cluster.kube.post(quotas, { metadata: { name: 'none' }, spec: { hard: { 'count/jobs.batch': '0' } } });
    try {
      const fledged = await bed.controller({ refusedJobIs: word });
      bed.start(byFledged);
      const { reference } = await bed.image(`refused-${word.toLowerCase()}`, 'refused.invalid/x');
      await bed.pod('refused', { image: reference });
      await runsByName(bed, 'refused', reference, new RegExp(`kube-fledged was asked before and ended with ${word}`));
      assert.match(fledged.output(), /quota/);
    } finally {
      await bed.cluster.kube.delete(`${quotas}/none`);
    }
  });
}

onNode('Failed at its deadline: the Job moves on to the next mirror', async (bed) => {
  const since = new Date().toISOString();
  const empty = await bed.cluster.startRegistry('empty-fledged');
  await bed.controller({ pullDeadline: 12_000 });
  bed.start({ ...byFledged, DOCKER_PROXY_URL: `${empty.address},${bed.cluster.mirror.address}` });
  const { reference } = await bed.image('second', 'second.invalid/x');
  await bed.pod('second', { image: reference });
  await runsByName(bed, 'second', reference, /ended with Failed: "(ErrImagePull|ImagePullBackOff): .*not found/);
  assert.ok((await bed.word('second', 'ImageRescued')).includes(bed.cluster.mirror.address));
  assert.equal(await bed.jobsMade(since), 1, "kube-fledged's own stuck pod made no Job of ours");
});

onNode('Aborted, since its controller died over it', async (bed) => {
  const dying = await bed.controller({ hangs: true });
  bed.start(byFledged);
  const { reference } = await bed.image('aborted', 'aborted.invalid/x');
  await bed.pod('aborted', { image: reference });
  await waitFor('it to be taken', async () => (await bed.caches())[0]?.status?.status === 'Processing', patience);
  await dying.end();
  await bed.controller();
  await runsByName(bed, 'aborted', reference, /kube-fledged was asked before and ended with Aborted/);
});

onNode('its controller is away: the pod is told meanwhile, and helped after START_DEADLINE', async (bed) => {
  await bed.install();
  bed.start({ ...byFledged, START_DEADLINE: '40', IMAGE_CHECK_INTERVAL: '2' });
  const { reference } = await bed.image('away', 'away.invalid/x');
  await bed.pod('away', { image: reference });
  assert.match(await bed.word('away', 'ImageRescueDelayed'), /controller has not taken it yet/);
  await runsByName(bed, 'away', reference, /no life of its controller within 40 s/);
});

onNode('its controller began and did not end: the pod is helped all the same', async (bed) => {
  const fledged = await bed.controller({ hangs: true });
  bed.start({ ...byFledged, START_DEADLINE: '10', PULL_DEADLINE: '5', IMAGE_CHECK_INTERVAL: '2' });
  const { reference } = await bed.image('stays', 'away.invalid/x');
  await bed.pod('stays', { image: reference });
  await runsByName(bed, 'stays', reference, /Processing and no end within 15 s/);
  assert.deepEqual(fledged.pulls, []);
});

onNode('the pod that asked is deleted while its controller is away: the ImageCache goes all the same', async (bed) => {
  await bed.install();
  bed.start({ ...byFledged, START_DEADLINE: '10', IMAGE_CHECK_INTERVAL: '2' });
  const { reference } = await bed.image('deleted', 'away.invalid/x');
  await bed.pod('deleted', { image: reference });
  await waitFor('the ImageCache', async () => (await bed.caches()).length === 1, patience);
  await bed.cluster.kube.delete('/api/v1/namespaces/default/pods/deleted', { gracePeriodSeconds: 0 });
  await bed.noneLeft();
});
