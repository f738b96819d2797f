import assert from 'node:assert/strict';
import { type Bed, running } from './bed.ts';
import { casesOn } from './cases.ts';

// A registry that fails after 25 s, as a blocked one mostly does: pulls are serial, so everything queues behind it.

const onNode = casesOn({ hostConfig: true });

/** Five pods of one image, one of them Always; resolves with the image when all run. */
async function fivePods(bed: Bed, host: string): Promise<string> {
  bed.cluster.outside('slow', host);
  const { reference } = await bed.image('five', `${host}/x`);
  const since = Date.now();
  bed.start();
  await bed.deployment('four', { image: reference }, 4);
  await bed.deployment('always', { image: reference, imagePullPolicy: 'Always' });
  const bound = [
    ...(await bed.all('four', 4, 'bound', ({ spec }) => spec.nodeName !== undefined)),
    ...(await bed.all('always', 1, 'bound', ({ spec }) => spec.nodeName !== undefined)),
  ];
  const pods = [
    ...(await bed.all('four', 4, 'running', running, 300_000)),
    ...(await bed.all('always', 1, 'running', running, 300_000)),
  ];
  process.stderr.write(`${host}: five pods ran ${((Date.now() - since) / 1000).toFixed(1)} s after their creation\n`);
  for (const pod of pods) {
    const was = bound.find(({ metadata }) => metadata.uid === pod.metadata.uid);
    assert.equal(JSON.stringify(pod.spec), JSON.stringify(was?.spec), 'no spec changed');
  }
  return reference;
}

/** Failures of a pull are Events of the kubelet, counted per pod. */
async function noSecondFailure(bed: Bed, reference: string): Promise<void> {
  const { items } = await bed.cluster.kube.get<{
    items: { message: string; count: number; involvedObject: { name: string } }[];
  }>('/api/v1/namespaces/default/events');
  const failures = new Map<string, number>();
  for (const { message, count, involvedObject } of items) {
    if (message.startsWith(`Failed to pull image "${reference}"`))
      failures.set(involvedObject.name, (failures.get(involvedObject.name) ?? 0) + count);
  }
  for (const [pod, count] of failures) assert.equal(count, 1, `${pod} failed once`);
}

// The kubelet fetches the Node image too, one after another, behind every pull that is queued to fail.
onNode('five pods with the Node image absent: all run', async (bed) => {
  await fivePods(bed, 'slow-absent.invalid');
});

onNode('five pods with the Node image present: all run once the pull in flight has failed', async (bed) => {
  await noSecondFailure(bed, await fivePods(bed, 'slow-present.invalid'));
});
