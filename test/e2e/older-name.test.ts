import assert from 'node:assert/strict';
import { running, type TestPod } from './bed.ts';
import { casesOn } from './cases.ts';

// A kubelet that keeps no records of its pulls (below 1.35), without a host configuration folder.

const onNode = casesOn({ hostConfig: false, kubernetes: 'kubernetes-1.34' });

onNode('by name, by an address for Always; and what was named starts again by its name', async (bed) => {
  bed.start();
  const { reference } = await bed.image('older', 'older.invalid/x');
  await bed.deployment('local', { image: reference });
  const [local] = await bed.all('local', 1, 'running', running);
  assert.match(await bed.word('local', 'ImageRescued'), /by name/);
  await bed.deployment('always', { image: reference, imagePullPolicy: 'Always' });
  const [always] = await bed.all('always', 1, 'running', running);
  assert.equal(always?.spec.containers[0]?.image, `${bed.cluster.mirror.address}/${reference}`);
  await bed.kill(local as TestPod);
  const restarts = (pod: TestPod) => pod.status.containerStatuses?.[0]?.restartCount ?? 0;
  const [again] = await bed.all('local', 1, 'running again', (pod) => restarts(pod) > 0 && running(pod));
  assert.equal(again?.spec.containers[0]?.image, reference);
});
