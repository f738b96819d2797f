import assert from 'node:assert/strict';
import { pushImage } from '../cluster/images.ts';
import { pauseRepository } from '../cluster/node.ts';
import { pauseImage } from '../cluster/stock-images.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { patience, running, stuck, type TestPod } from './bed.ts';
import { casesOn } from './cases.ts';

// The one process, when what it stands on gives way; and nodes that cannot pull at all.

const onNode = casesOn({ hostConfig: true });

onNode('the API server restarts: it goes on, without a sweep', async (bed) => {
  const product = bed.start();
  await waitFor('it to watch', () => product.output().includes('watching for pods'), patience);
  await bed.cluster.restart('apiserver');
  const { reference } = await bed.image('restarted', 'robust.invalid/x');
  await bed.deployment('restarted', { image: reference });
  await bed.all('restarted', 1, 'running', running);
});

onNode('suspended, with its connections cut meanwhile, and woken: it sees what it missed', async (bed) => {
  const product = bed.start();
  await waitFor('it to watch', () => product.output().includes('watching for pods'), patience);
  product.signal('SIGSTOP');
  const { reference } = await bed.image('suspended', 'robust.invalid/x');
  await bed.deployment('suspended', { image: reference });
  await bed.all('suspended', 1, 'stuck', stuck);
  await bed.cluster.restart('apiserver');
  product.signal('SIGCONT');
  await bed.all('suspended', 1, 'running', running);
});

onNode('two of them at once: one Job per image, each pod is woken once', async (bed) => {
  const since = new Date().toISOString();
  bed.start();
  bed.start();
  const images = await Promise.all(['two-a', 'two-b', 'two-c'].map((name) => bed.image(name, 'two.invalid/x')));
  await Promise.all(images.map(({ reference }, index) => bed.deployment(`two-${index}`, { image: reference }, 3)));
  for (const index of images.keys()) await bed.all(`two-${index}`, 3, 'running', running);
  assert.equal(await bed.jobsMade(since), 3);
  const wakes = Map.groupBy(await bed.patched(since), ({ name }) => name);
  for (const [name, patches] of wakes) assert.equal(patches.length, 1, `${name} is woken once`);
});

onNode('a pod of a hundred containers and nearly a MiB is handled like any other', async (bed) => {
  const since = new Date().toISOString();
  bed.start();
  const env = [{ name: 'LARGE', value: 'x'.repeat(9_000) }];
  const containers = Array.from({ length: 100 }, (_, index) => ({
    name: `c${index}`,
    image: 'huge.invalid/x/nowhere:1',
    env,
  }));
  await bed.pod('huge', { image: '' }, { spec: { containers } });
  assert.match(await bed.word('huge', 'ImageRescueFailed'), /404/);
  assert.equal(await bed.jobsMade(since), 1);
  const [pod] = await bed.pods('huge');
  const told = (await bed.told(pod as TestPod)).filter(({ type }) => type === 'Warning');
  assert.equal(told.length, 1);
});

onNode('a pull that shows no end is told with the setting that cures it', async (bed) => {
  bed.cluster.outside('hang', 'hang.invalid');
  bed.start({ HANG_AFTER: '10', IMAGE_CHECK_INTERVAL: '2' });
  await bed.pod('hang', { image: 'hang.invalid/x/y:1' });
  assert.match(await bed.word('hang', 'ImageRescueBlocked'), /serializeImagePulls: false/);
  bed.cluster.outside('refuse', 'hang.invalid');
  // The kubelet's only pull slot is taken until containerd gives up: that ends here.
  await bed.cluster.restart('containerd');
});

onNode('a node that cannot get its sandbox image is told what to set', async (bed) => {
  const { ctr, mirror } = bed.cluster;
  const pause = `${mirror.address}/${pauseRepository}`;
  const listed = (await ctr('images', 'list', '-q')).split('\n').filter((name) => name.startsWith(pause));
  const { digest } = await pushImage(mirror.address, pauseRepository, '1', await pauseImage());
  await ctr('images', 'rm', '--sync', ...listed);
  await bed.forget(pauseRepository, digest);
  try {
    bed.start({ HANG_AFTER: '10', IMAGE_CHECK_INTERVAL: '2' });
    const { reference } = await bed.image('sandbox', 'sandbox.invalid/x');
    await bed.pod('sandbox', { image: reference });
    assert.match(await bed.word('sandbox', 'ImageRescueBlocked'), /pinned_images/);
  } finally {
    await pushImage(mirror.address, pauseRepository, '1', await pauseImage());
  }
});
