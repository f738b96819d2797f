import assert from 'node:assert/strict';
import { waitFor } from '../cluster/wait-for.ts';
import { type Bed, patience, running, stuck, type TestPod } from './bed.ts';
import { casesOn } from './cases.ts';
import { recordingMirror } from './mirrors.ts';

// Where neither route nor name helps, a pod is given a mirror's address. A containerd without a host configuration folder.

const onNode = casesOn({ hostConfig: false });

const originals = (pod: TestPod | undefined) =>
  JSON.parse(pod?.metadata.annotations?.['image-rescue.dev/original-images'] ?? '{}') as Record<string, string>;
const images = (pod: TestPod | undefined) => pod?.spec.containers.map(({ image }) => image);
const restarts = (pod: TestPod) => pod.status.containerStatuses?.[0]?.restartCount ?? 0;
const atMirror = (bed: Bed, reference: string) => `${bed.cluster.mirror.address}/${reference}`;

onNode("Always: exactly that container's image becomes the mirror's address; the same pod runs", async (bed) => {
  bed.start();
  const [one, two] = [await bed.image('always', 'patch.invalid/x'), await bed.image('other', 'patch.invalid/x')];
  const containers = [
    { name: 'always', image: one.reference, imagePullPolicy: 'Always' },
    { name: 'other', image: two.reference, imagePullPolicy: 'IfNotPresent' },
  ];
  const before = await bed.pod('patch', { image: '' }, { spec: { containers } });
  const [pod] = await bed.all('patch', 1, 'running', running);
  assert.equal(pod?.metadata.uid, before.metadata.uid);
  assert.deepEqual(images(pod), [atMirror(bed, one.reference), two.reference]);
  assert.deepEqual(originals(pod), { always: one.reference });
  assert.match(await bed.word('patch', 'ImageRescuePatched'), /imagePullPolicy is Always/);
});

onNode('a Deployment of such pods: its template is untouched', async (bed) => {
  bed.start();
  const { reference } = await bed.image('owned', 'patch.invalid/x');
  await bed.deployment('owned', { image: reference, imagePullPolicy: 'Always' });
  const [pod] = await bed.all('owned', 1, 'running', running);
  assert.deepEqual(images(pod), [atMirror(bed, reference)]);
  const path = '/apis/apps/v1/namespaces/default/deployments/owned';
  const { spec } = await bed.cluster.kube.get<{ spec: { template: TestPod } }>(path);
  assert.deepEqual(images(spec.template), [reference]);
});

onNode(
  'an address that fails is followed by the next mirror; when all fail the original is back, and it ends there',
  async (bed) => {
    // To the pull pod it has the image; the kubelet, which asks a moment later, finds it gone.
    let open = true;
    const fickle = await recordingMirror(
      bed.cluster.mirror.address,
      () => false,
      () => open,
    );
    const { address } = bed.cluster.mirror;
    try {
      const { reference } = await bed.image('fickle', 'patch.invalid/x');
      bed.start({
        DOCKER_PROXY_URL: `${fickle.address},${address}`,
        NODE_IMAGE: `${address}/docker.io/library/node:24-alpine`,
      });
      await bed.pod('next', { image: reference, imagePullPolicy: 'Always' });
      await waitFor('the pull', async () => (await bed.jobs()).length === 1, patience);
      await waitFor(
        'the mirror to be asked',
        () => fickle.requests().some(({ url }) => url.includes('/blobs/')),
        patience,
      );
      open = false;
      const [pod] = await bed.all('next', 1, 'running', running);
      assert.deepEqual(images(pod), [atMirror(bed, reference)]);
      assert.deepEqual(originals(pod), { app: reference });

      open = true;
      const { reference: gone, digest } = await bed.image('only', 'fickle.invalid/x');
      await bed.pod('back', { image: gone, imagePullPolicy: 'Always' });
      await waitFor('it to be asked', () => fickle.requests().some(({ url }) => url.includes('only/blobs/')), patience);
      open = false;
      await bed.forget('fickle.invalid/x/only', digest);
      await bed.word('back', 'ImageRescuePutBack');
      const [back] = await bed.all(
        'back',
        1,
        'stuck with its own image',
        (one) => stuck(one) && images(one)?.[0] === gone,
      );
      assert.deepEqual(originals(back), { app: gone });
    } finally {
      fickle.close();
    }
  },
);

onNode('five pods, one of them Always, with a registry that fails after 25 s: all run', async (bed) => {
  bed.cluster.outside('slow', 'slow.invalid');
  const { reference } = await bed.image('five', 'slow.invalid/x');
  const begun = Date.now();
  bed.start();
  await bed.deployment('four', { image: reference }, 4);
  await bed.deployment('one', { image: reference, imagePullPolicy: 'Always' });
  const four = await bed.all('four', 4, 'running', running, 400_000);
  process.stderr.write(`by name, slow registry: four pods ran after ${((Date.now() - begun) / 1000).toFixed(1)} s\n`);
  const one = await bed.all('one', 1, 'running', running, 400_000);
  process.stderr.write(`by name, slow registry: the fifth ran after ${((Date.now() - begun) / 1000).toFixed(1)} s\n`);
  assert.deepEqual(images(one[0]), [atMirror(bed, reference)]);
  // While pulls of it are open this kubelet (1.35 or later) takes it by its own name from nobody.
  for (const pod of four) assert.ok([reference, atMirror(bed, reference)].includes(images(pod)?.[0] ?? ''));
});

onNode(
  'a pod that runs by name starts again after another one was given the address of the same image',
  async (bed) => {
    bed.start();
    const { reference } = await bed.image('both', 'records.invalid/x');
    await bed.deployment('b1', { image: reference });
    const [b1] = await bed.all('b1', 1, 'running', running);
    assert.deepEqual(images(b1), [reference]);
    await bed.deployment('b2', { image: reference, imagePullPolicy: 'Always' });
    await bed.all('b2', 1, 'running', running);
    // From now on this kubelet (1.35 or later) takes the image under the mirror's name only.
    await bed.kill(b1 as TestPod);
    const [again] = await bed.all('b1', 1, 'running again', (pod) => restarts(pod) > 0 && running(pod));
    assert.equal(again?.metadata.uid, b1?.metadata.uid);
    assert.deepEqual(images(again), [atMirror(bed, reference)]);
    assert.match(await bed.word('b1', 'ImageRescuePatched'), /since 1\.35/);
  },
);

onNode(
  'PULLER=patch: no Job, no hostPath, the address at once; a mirror without it is followed by the next',
  async (bed) => {
    const since = new Date().toISOString();
    const empty = await bed.cluster.startRegistry('empty-patch');
    bed.start({ PULLER: 'patch', DOCKER_PROXY_URL: `${empty.address},${bed.cluster.mirror.address}` });
    const { reference } = await bed.image('puller', 'puller.invalid/x');
    await bed.pod('puller', { image: reference });
    await bed.pod('nowhere', { image: 'puller.invalid/x/nowhere:1' });
    const [pod] = await bed.all('puller', 1, 'running', running);
    assert.deepEqual(images(pod), [atMirror(bed, reference)]);
    await bed.word('nowhere', 'ImageRescuePutBack');
    assert.match(await bed.word('nowhere', 'ImageRescueRefused'), /the original is back/);
    assert.equal(await bed.jobsMade(since), 0);
  },
);

onNode('NAME_ON_NODE=digest: a tag is patched in the asking pod only, a digest comes back by name', async (bed) => {
  bed.start({ NAME_ON_NODE: 'digest' });
  const [tag, digest] = [await bed.image('tag', 'names.invalid/x'), await bed.image('digest', 'names.invalid/x')];
  await bed.pod('tag', { image: tag.reference });
  await bed.pod('digest', { image: `names.invalid/x/digest@${digest.digest}` });
  const [byTag] = await bed.all('tag', 1, 'running', running);
  const [byDigest] = await bed.all('digest', 1, 'running', running);
  assert.deepEqual(images(byTag), [atMirror(bed, tag.reference)]);
  assert.deepEqual(images(byDigest), [`names.invalid/x/digest@${digest.digest}`]);
  const names = await bed.cluster.ctr('images', 'list', '-q');
  assert.ok(!names.split('\n').includes(tag.reference), 'its own name was not given on the node');
});
