import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { type Bed, running } from './bed.ts';
import { casesOn } from './cases.ts';

// A containerd without a host configuration folder, as plain kubeadm leaves it.

const onNode = casesOn({ hostConfig: false });

const names = async (bed: Bed) =>
  (await bed.cluster.ctr('images', 'list')).split('\n').map((line) => line.split(/\s+/).slice(0, 3));

onNode('a Deployment: same pod, same spec, no restart, told; nothing of ours stays on the node', async (bed) => {
  bed.start();
  const { reference, digest } = await bed.image('named');
  await bed.deployment('named', { image: reference });
  const [before] = await bed.all('named', 1, 'bound', ({ spec }) => spec.nodeName !== undefined);
  const [pod] = await bed.all('named', 1, 'running', running);
  assert.ok(pod);
  assert.equal(pod.metadata.uid, before?.metadata.uid);
  assert.equal(JSON.stringify(pod.spec), JSON.stringify(before?.spec));
  assert.equal(pod.status.containerStatuses?.[0]?.restartCount, 0);
  assert.equal(pod.status.containerStatuses?.[0]?.image, reference);
  const told = await bed.word('named', 'ImageRescued');
  assert.ok(told.includes(bed.cluster.mirror.address) && told.includes(digest), told);
  assert.match(told, /by name/);
  const found = await names(bed);
  assert.ok(found.some(([name, , target]) => name === reference && target === digest));
  assert.deepEqual(
    found.filter(([name]) => /^127\.0\.0\.1:\d+\/docker\.io\/library\/named/.test(name ?? '')),
    [],
    'the loopback names are gone',
  );
  assert.deepEqual(await readdir(bed.cluster.hostConfigFolder), [], 'the folder that nobody reads is empty');
});

onNode('by digest, with and without a tag', async (bed) => {
  const { address } = bed.cluster.mirror;
  bed.start({ DOCKER_PROXY_URL: `${address},digest.invalid:8443=${address}` });
  const [one, two] = [await bed.image('digest', 'digest.invalid/x'), await bed.image('both', 'x')];
  await bed.pod('digest', { image: `digest.invalid/x/digest@${one.digest}` });
  await bed.pod('both', { image: `digest.invalid:8443/x/both:1@${two.digest}` });
  await bed.all('digest', 1, 'running', running);
  await bed.all('both', 1, 'running', running);
});

onNode(
  'a reference that the node has with another digest is not repointed, and Always gets an address',
  async (bed) => {
    const { reference } = await bed.image('taken', 'taken.invalid/x');
    const old = await bed.image('old', 'taken.invalid/x');
    const { mirror, ctr } = bed.cluster;
    await ctr('images', 'pull', '--plain-http', `${mirror.address}/${old.reference}`);
    await ctr('images', 'tag', `${mirror.address}/${old.reference}`, reference);
    bed.start();
    await bed.pod('taken', { image: reference, imagePullPolicy: 'Always' });
    assert.match(await bed.word('taken', 'ImageRescuePatched'), /imagePullPolicy is Always/);
    assert.deepEqual((await names(bed)).find(([name]) => name === reference)?.[2], old.digest);
  },
);
