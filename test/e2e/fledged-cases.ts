import assert from 'node:assert/strict';
import type { ClusterOptions } from '../cluster/cluster.ts';
import { patience, running, type TestEvent, type TestPod } from './bed.ts';
import { type Case, casesOnBed } from './cases.ts';
import { byFledged, type FledgedBed, makeFledgedBed } from './fledged-bed.ts';
import { fledgedNamespace } from './fledged-objects.ts';

/** By which name a pod runs that takes a local image: its own, or a mirror's address. */
type RunsBy = 'its own name' | 'address';

/** What is so on every node; a file says on which, and adds what is so only there. */
export function fledgedCases(options: ClusterOptions, runsBy: { local: RunsBy; always: RunsBy }): Case<FledgedBed> {
  const onNode = casesOnBed(() => makeFledgedBed(options));
  const imageOf = (bed: FledgedBed, by: RunsBy, reference: string) =>
    by === 'address' ? `${bed.cluster.mirror.address}/${reference}` : reference;
  const images = (pods: TestPod[]) => pods.map(({ spec }) => spec.containers[0]?.image);

  onNode('a Deployment: kube-fledged pulls, the same pods run, its cache is gone', async (bed) => {
    const since = new Date().toISOString();
    const fledged = await bed.controller();
    bed.start(byFledged);
    const { reference } = await bed.image('fledged');
    await bed.deployment('fledged', { image: reference }, 2);
    const before = await bed.all('fledged', 2, 'bound', ({ spec }) => spec.nodeName !== undefined);
    const pods = await bed.all('fledged', 2, 'running', running);
    const uids = (some: TestPod[]) => some.map(({ metadata }) => metadata.uid).sort();
    assert.deepEqual(uids(pods), uids(before));
    assert.deepEqual(new Set(images(pods)), new Set([imageOf(bed, runsBy.local, reference)]));
    assert.deepEqual(
      fledged.pulls.map(({ image }) => image),
      [`${bed.cluster.mirror.address}/${reference}`],
      'kube-fledged pulled it, once',
    );
    await bed.noneLeft();
    assert.deepEqual(await bed.didToCaches(since), { create: 1, delete: 1 }, 'made and deleted, never changed');
    assert.equal(await bed.jobsMade(since), 1, 'one Job sees to the rest');
    const told = await everythingTold(bed, pods);
    assert.ok(
      told.some(({ message }) => /by kube-fledged \(ImageCache kube-fledged\/pull-/.test(message)),
      'the cache is told',
    );
    assert.ok(
      told.some(({ message }) => /kube-fledged was asked before and ended with Succeeded/.test(message)),
      'its end is told',
    );
    for (const pod of pods) {
      const why = (await bed.told(pod)).filter(({ message }) => /choose PULLER=job/.test(message));
      assert.equal(why.length, runsBy.local === 'address' ? 1 : 0, 'a patch is told once, with what to choose instead');
    }
  });

  onNode('Always', async (bed) => {
    await bed.controller();
    bed.start(byFledged);
    const { reference } = await bed.image('always', 'always.invalid/x');
    await bed.pod('always', { image: reference, imagePullPolicy: 'Always' });
    const pods = await bed.all('always', 1, 'running', running);
    assert.deepEqual(images(pods), [imageOf(bed, runsBy.always, reference)]);
    await bed.noneLeft();
  });

  onNode("kube-fledged's own pods come back without it, and its pull Jobs are left alone", async (bed) => {
    const { kube, mirror } = bed.cluster;
    bed.start(byFledged);
    await bed.install();
    const { reference } = await bed.image('kubefledged-controller', 'fledged.invalid/x');
    const pods = `/api/v1/namespaces/${fledgedNamespace}/pods`;
    const own = (name: string, role: string, image: string) =>
      kube.post(pods, {
        metadata: { name, labels: { app: 'kubefledged', kubefledged: role } },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image }] },
      });
    const since = new Date().toISOString();
    await own('puller', 'kubefledged-image-manager', `other.invalid/${mirror.address.replace(':', '-')}/x:1`);
    await own('controller', 'kubefledged-controller', reference);
    await kube.until<TestPod>(`${pods}/controller`, running, patience, "kube-fledged's controller to run");
    assert.deepEqual(await bed.didToCaches(since), {}, 'nobody can pull for himself');
    assert.equal(await bed.jobsMade(since), 1);
    const { items } = await kube.get<{ items: TestEvent[] }>(`/api/v1/namespaces/${fledgedNamespace}/events`);
    const ours = items.filter(({ source }) => source.component === 'image-rescue');
    assert.deepEqual([...new Set(ours.map(({ involvedObject }) => involvedObject.name))], ['controller']);
  });

  return onNode;
}

async function everythingTold(bed: FledgedBed, pods: TestPod[]): Promise<TestEvent[]> {
  return (await Promise.all(pods.map((pod) => bed.told(pod)))).flat();
}
