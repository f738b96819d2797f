import assert from 'node:assert/strict';
import { running } from './bed.ts';
import { byFledged } from './fledged-bed.ts';
import { fledgedCases } from './fledged-cases.ts';

// kube-fledged on a node whose containerd reads a host configuration folder: what its kubelet insists on pulling under the
// image's own name, it pulls by the route.

const onNode = fledgedCases({ hostConfig: true }, { local: 'its own name', always: 'its own name' });

const many = 30;

onNode(`${many} images at once: kube-fledged's five requests a second are enough, and all run`, async (bed) => {
  const since = new Date().toISOString();
  const fledged = await bed.controller();
  const limits = { PULLS_AT_ONCE: '30', PULLS_PER_NODE: '30', RESCUES_PER_NAMESPACE: '30' };
  bed.start({ ...byFledged, ...limits, IMAGE_CHECK_INTERVAL: '5' });
  const images = await Promise.all(
    Array.from({ length: many }, (_, index) => bed.image(`many-${index}`, 'many.invalid/x')),
  );
  await Promise.all(images.map(({ reference }, index) => bed.pod(`many-${index}`, { image: reference })));
  for (const index of images.keys()) await bed.all(`many-${index}`, 1, 'running', running, 400_000);
  assert.equal(fledged.pulls.length, many, 'kube-fledged pulled each of them once');
  await bed.noneLeft();
  assert.deepEqual(await bed.didToCaches(since), { create: many, delete: many });
});
