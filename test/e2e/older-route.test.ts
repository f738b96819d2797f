import assert from 'node:assert/strict';
import { running } from './bed.ts';
import { casesOn } from './cases.ts';

// A kubelet that keeps no records of its pulls (below 1.35), with a host configuration folder.

const onNode = casesOn({ hostConfig: true, kubernetes: 'kubernetes-1.34' });

onNode('IfNotPresent and Always come back by route, nothing in their specs changes', async (bed) => {
  bed.start();
  const { reference } = await bed.image('older', 'older.invalid/x');
  await bed.deployment('local', { image: reference });
  await bed.deployment('always', { image: reference, imagePullPolicy: 'Always' });
  for (const name of ['local', 'always']) {
    const [pod] = await bed.all(name, 1, 'running', running);
    assert.equal(pod?.spec.containers[0]?.image, reference);
    assert.equal(pod?.status.containerStatuses?.[0]?.restartCount, 0);
  }
  assert.match(await bed.word('local', 'ImageRescued'), /by route/);
});
