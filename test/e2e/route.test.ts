import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pushImage } from '../cluster/images.ts';
import type { WatchEvent } from '../cluster/kube.ts';
import { demoImage } from '../cluster/stock-images.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { type Bed, patience, pullNamespace, running, stuck, type TestPod } from './bed.ts';
import { casesOn } from './cases.ts';
import { killPullProgram } from './kill.ts';
import { recordingMirror } from './mirrors.ts';

// A containerd with a host configuration folder, as k3s, kind and most managed clusters have it.

const onNode = casesOn({ hostConfig: true });

const folder = (bed: Bed) => bed.cluster.hostConfigFolder;
onNode(
  'without us a pod is still stuck after 45 s; started then, we rescue it by the sweep, from an absent Node image',
  async (bed) => {
    const { reference, digest } = await bed.image('first');
    await bed.deployment('first', { image: reference });
    const [before] = await bed.all('first', 1, 'stuck', stuck);
    await sleep(45_000);
    const [still] = await bed.all('first', 1, 'stuck', stuck);
    assert.equal(still?.metadata.uid, before?.metadata.uid);
    assert.doesNotMatch(await bed.cluster.ctr('images', 'list', '-q'), /library\/node/, 'the Node image is absent');

    bed.start();
    const [pod] = await bed.all('first', 1, 'running', running);
    assert.equal(pod?.metadata.uid, before?.metadata.uid);
    assert.ok((await bed.word('first', 'ImageRescued')).includes(digest));
  },
);

onNode('a Deployment: same pod, same spec, no restart, owner untouched, told, woken before the start', async (bed) => {
  const seen: WatchEvent<TestPod>[] = [];
  const since = new Date().toISOString();
  bed.start();
  const stop = bed.cluster.kube.watch<TestPod>('/api/v1/namespaces/default/pods?labelSelector=app%3Ddemo', (event) =>
    seen.push(event),
  );
  const { reference, digest } = await bed.image('demo');
  await bed.deployment('demo', { image: reference });
  const [pod] = await bed.all('demo', 1, 'running', running);
  await waitFor('the watch to see it', () => seen.some(({ object }) => running(object)), patience);
  stop();
  assert.ok(pod);

  const pods = seen.map(({ object }) => object);
  assert.deepEqual(
    [...new Set(pods.map(({ metadata }) => metadata.uid))],
    [pod.metadata.uid],
    'one pod from beginning to end',
  );
  const bound = pods.find(({ spec }) => spec.nodeName !== undefined);
  assert.equal(JSON.stringify(pod.spec), JSON.stringify(bound?.spec), 'the spec is byte-identical');
  assert.equal(pod.status.containerStatuses?.[0]?.restartCount, 0);
  assert.equal(pod.status.containerStatuses?.[0]?.image, reference);
  const woken = pods.findIndex(({ metadata }) => metadata.annotations?.['image-rescue.dev/wake'] !== undefined);
  const started = pods.findIndex(running);
  assert.ok(woken >= 0 && woken < started, 'the wake is seen before the start');

  const told = await bed.word('demo', 'ImageRescued');
  assert.ok(told.includes(bed.cluster.mirror.address) && told.includes(digest), told);
  const writes = (await bed.asked(since)).filter(({ verb }) => !['get', 'list'].includes(verb));
  assert.deepEqual([...new Set(writes.map(({ verb, resource }) => `${verb} ${resource}`))].sort(), [
    'create configmaps',
    'create events',
    'create jobs',
    'patch pods',
  ]);
});

onNode('twenty pods of five images at once: all run, one Job per image, at most one wake per pod', async (bed) => {
  const since = new Date().toISOString();
  const images = await Promise.all(
    ['a', 'b', 'c', 'd', 'e'].map((letter) => bed.image(`burst-${letter}`, 'burst.invalid/x')),
  );
  bed.start();
  await Promise.all(images.map(({ reference }, index) => bed.deployment(`burst-${index}`, { image: reference }, 4)));
  for (const index of images.keys()) await bed.all(`burst-${index}`, 4, 'running', running);
  assert.equal(await bed.jobsMade(since), 5, 'one pull Job per image');
  const wakes = Map.groupBy(await bed.patched(since), ({ name }) => name);
  for (const [name, patches] of wakes) assert.equal(patches.length, 1, `${name} is woken once`);
});

onNode('a pod that waits for two images: woken once for each, both containers run', async (bed) => {
  const since = new Date().toISOString();
  bed.start();
  const [one, two] = [await bed.image('pair-one', 'pair.invalid/x'), await bed.image('pair-two', 'pair.invalid/x')];
  const containers = [one, two].map(({ reference }, index) => ({ name: `c${index}`, image: reference }));
  await bed.pod('pair', { image: one.reference }, { spec: { containers } });
  await bed.all('pair', 1, 'running', running);
  const wakes = await bed.patched(since);
  assert.ok(wakes.length <= 2, `${wakes.length} patches`);
  const [pod] = await bed.pods('pair');
  const started = (await bed.told(pod as TestPod)).filter(({ reason }) => reason === 'ImageRescueStarted');
  assert.equal(started.length, 2);
});

onNode('Always: the kubelet pulls by the route when its back-off ends; nothing in the pod changes', async (bed) => {
  bed.start();
  const { reference } = await bed.image('always', 'always.invalid/x');
  await bed.deployment('always', { image: reference, imagePullPolicy: 'Always' });
  const [pod] = await bed.all('always', 1, 'running', running);
  assert.equal(pod?.metadata.annotations?.['image-rescue.dev/wake'], undefined);
  assert.equal(pod?.spec.containers[0]?.image, reference);
});

onNode('by digest, with and without a tag', async (bed) => {
  bed.start();
  const [one, two] = [await bed.image('digest', 'digest.invalid/x'), await bed.image('both', 'digest.invalid/x')];
  await bed.pod('digest', { image: `digest.invalid/x/digest@${one.digest}` });
  await bed.pod('both', { image: `digest.invalid/x/both:1@${two.digest}` });
  await bed.all('digest', 1, 'running', running);
  await bed.all('both', 1, 'running', running);
});

onNode('a mirror in host form', async (bed) => {
  const { mirror } = bed.cluster;
  await pushImage(mirror.address, 'team/hostform', '1', await demoImage('host form'));
  bed.start({ DOCKER_PROXY_URL: `hostform.invalid=${mirror.address},${mirror.address}` });
  await bed.pod('hostform', { image: 'hostform.invalid/team/hostform:1' });
  await bed.all('hostform', 1, 'running', running);
});

onNode('the first mirror has neither the image nor the Node image, the second serves both', async (bed) => {
  const empty = await bed.cluster.startRegistry('empty');
  bed.start({ DOCKER_PROXY_URL: `${empty.address},${bed.cluster.mirror.address}` });
  const { reference } = await bed.image('second', 'second.invalid/x');
  await bed.pod('second', { image: reference });
  await bed.all('second', 1, 'running', running);
  const told = await bed.word('second', 'ImageRescued');
  assert.ok(told.includes(bed.cluster.mirror.address), told);
  const asked = (await empty.requests()).filter(({ url }) => url.includes('second.invalid'));
  assert.deepEqual([...new Set(asked.map(({ status }) => status))], [404]);
});

onNode('a mirror that serves other bytes than the digest says is refused, by manifest and by layer', async (bed) => {
  const liar = await recordingMirror(bed.cluster.mirror.address, (url) => url.includes('/lie-'));
  try {
    bed.start({ DOCKER_PROXY_URL: liar.address });
    const [blob, manifest] = [
      await bed.image('lie-blob', 'lie.invalid/x'),
      await bed.image('lie-manifest', 'lie.invalid/x'),
    ];
    await bed.pod('lie-blob', { image: blob.reference });
    await bed.pod('lie-manifest', { image: `lie.invalid/x/lie-manifest@${manifest.digest}` });
    for (const name of ['lie-blob', 'lie-manifest']) {
      assert.match(await bed.word(name, 'ImageRescueFailed'), /other bytes than its digest says/);
    }
    assert.doesNotMatch(await bed.cluster.ctr('images', 'list', '-q'), /lie-/);
  } finally {
    liar.close();
  }
});

onNode('no mirror has it: told once with each answer, no second Job before COOL_DOWN, one after it', async (bed) => {
  const since = new Date().toISOString();
  const empty = await bed.cluster.startRegistry('empty-too');
  const mirrors = [empty.address, bed.cluster.mirror.address];
  bed.start({
    DOCKER_PROXY_URL: `${bed.cluster.mirror.address},${empty.address}`,
    COOL_DOWN: '20',
    IMAGE_CHECK_INTERVAL: '2',
  });
  await bed.pod('nowhere', { image: 'nowhere.invalid/x/nowhere:1' });
  const [pod] = await bed.pods('nowhere');
  const failed = async () => (await bed.told(pod as TestPod)).filter(({ reason }) => reason === 'ImageRescueFailed');
  const [told] = await waitFor(
    'it to be told',
    async () => ((await failed()).length > 0 ? await failed() : undefined),
    patience,
  );
  for (const mirror of mirrors) assert.ok(told?.message.includes(`${mirror}: "404`), told?.message);
  await sleep(12_000); // six sweeps and several back-offs
  assert.equal((await failed()).length, 1);
  assert.equal(await bed.jobsMade(since), 1);
  const [first] = await bed.jobs();
  await waitFor('a second attempt', async () => (await bed.jobsMade(since)) === 2, patience);
  const pulls = `/api/v1/namespaces/${pullNamespace}/pods`;
  await waitFor(
    'the pod of the deleted Job to be gone',
    async () => {
      const { items } = await bed.cluster.kube.get<{ items: TestPod[] }>(pulls);
      const owner = 'batch.kubernetes.io/controller-uid';
      return !items.some(({ metadata }) => metadata.labels?.[owner] === first?.metadata.uid);
    },
    patience,
  );
});

onNode('the route is gone after its time, after SIGTERM and after SIGKILL of the pull program', async (bed) => {
  let product = bed.start({ ROUTE_HOLD: '4' });
  const hold = await bed.image('hold', 'hold.invalid/x');
  await bed.pod('hold', { image: hold.reference });
  await bed.all('hold', 1, 'running', running);
  assert.equal(await bed.routes('hold.invalid'), 1, 'the route is up');
  await waitFor('the folder to be empty', async () => (await readdir(folder(bed))).length === 0, patience);
  await product.end();

  product = bed.start({ IMAGE_CHECK_INTERVAL: '2' });
  const term = await bed.image('term', 'term.invalid/x');
  await bed.pod('term', { image: term.reference });
  await bed.all('term', 1, 'running', running);
  assert.equal(await bed.routes('term.invalid'), 1, 'the route is up');
  await bed.cluster.kube.delete(`/apis/batch/v1/namespaces/${pullNamespace}/jobs`, { propagationPolicy: 'Background' });
  await waitFor('the folder to be empty', async () => (await readdir(folder(bed))).length === 0, patience);

  const kill = await bed.image('kill', 'kill.invalid/x');
  await bed.pod('kill', { image: kill.reference });
  await bed.all('kill', 1, 'running', running);
  assert.equal(await bed.routes('kill.invalid'), 1, 'the route is up');
  await killPullProgram(bed.cluster, 'registry');
  await waitFor('the sweep to clean up', async () => (await readdir(folder(bed))).length === 0, patience);
});

onNode('what a killed pull program left is passed over by the runtime, and taken out by the next pull', async (bed) => {
  bed.start();
  const [one, two] = [await bed.image('left-one', 'left.invalid/x'), await bed.image('left-two', 'left.invalid/x')];
  await bed.pod('left-one', { image: one.reference });
  await bed.all('left-one', 1, 'running', running);
  await killPullProgram(bed.cluster, 'registry');
  assert.equal(await bed.routes('left.invalid'), 1, 'the entry is left');
  await bed.pod('left-two', { image: two.reference });
  await bed.all('left-two', 1, 'running', running);
  assert.equal(await bed.routes('left.invalid'), 1, "only the second pull's");
});

onNode('a hosts.toml that was there works meanwhile and is byte-identical afterwards', async (bed) => {
  const operators = await bed.cluster.startRegistry('operators');
  await pushImage(operators.address, 'team/own', '1', await demoImage("the operator's own"));
  const place = path.join(folder(bed), 'corp.invalid');
  await mkdir(place);
  await writeFile(path.join(place, 'corp.pem'), await readFile('/etc/ssl/certs/ca-certificates.crt').catch(() => ''));
  const text = `# the operator's\nserver = "https://corp.invalid"\nca = "corp.pem"\n\n[host."http://${operators.address}"]\n  capabilities = ["pull", "resolve"]\n`;
  await writeFile(path.join(place, 'hosts.toml'), text);
  // It would say "not found" for an image that it lacks, which no mirror is asked for.
  await bed.cluster.stopComponent('operators');
  bed.start({ ROUTE_HOLD: '10' });
  const { reference } = await bed.image('demo', 'corp.invalid/team');
  await bed.pod('corp', { image: reference });
  await bed.all('corp', 1, 'running', running);
  await bed.cluster.startComponent('operators');
  assert.equal(await bed.routes('corp.invalid'), 1, 'the route is up');
  await bed.pod('own', { image: 'corp.invalid/team/own:1' });
  await bed.all('own', 1, 'running', running);
  assert.equal((await bed.mirrored('corp.invalid/team/own')).length, 0);
  assert.ok(
    (await operators.requests()).some(({ url, status }) => url.startsWith('/v2/team/own/blobs') && status === 200),
  );
  await waitFor('the route to be down', async () => (await bed.routes('corp.invalid')) === 0, patience);
  assert.equal(await readFile(path.join(place, 'hosts.toml'), 'utf8'), text);
  assert.deepEqual((await readdir(place)).sort(), ['corp.pem', 'hosts.toml']);
});

onNode("two rescues of one registry keep each other's route", async (bed) => {
  bed.start();
  const [one, two] = [await bed.image('one', 'shared.invalid/x'), await bed.image('two', 'shared.invalid/x')];
  await Promise.all([
    bed.pod('one', { image: one.reference, imagePullPolicy: 'Always' }),
    bed.pod('two', { image: two.reference, imagePullPolicy: 'Always' }),
  ]);
  // The kubelet itself pulls both, seconds later, each through its own rescue's entry.
  await bed.all('one', 1, 'running', running);
  await bed.all('two', 1, 'running', running);
  assert.equal(await bed.routes('shared.invalid'), 2);
  const [first] = await bed.jobs();
  await bed.cluster.kube.delete(`/apis/batch/v1/namespaces/${pullNamespace}/jobs/${first?.metadata.name}`, {
    propagationPolicy: 'Background',
  });
  await waitFor("the deleted one's entry to go", async () => (await bed.routes('shared.invalid')) === 1, patience);
});

onNode(
  "an image that is not being rescued fails with its registry's own words and is never asked of the mirror",
  async (bed) => {
    const skip = { metadata: { annotations: { 'image-rescue.dev/skip': 'true' } } };
    const words = async () => {
      const { metadata } = await bed.pod('skipped', { image: 'words.invalid/x/other:1' }, skip);
      const [pod] = await bed.all('skipped', 1, 'stuck', stuck);
      await bed.cluster.kube.delete(`/api/v1/namespaces/default/pods/${metadata.name}`, { gracePeriodSeconds: 0 });
      await bed.all('skipped', 0, 'left', () => true);
      return pod?.status.containerStatuses?.[0]?.state.waiting?.message?.replace(
        /^Back-off pulling image "[^"]*": ErrImagePull: /,
        '',
      );
    };
    const alone = await words();
    bed.start();
    const { reference } = await bed.image('rescued', 'words.invalid/x');
    await bed.pod('rescued', { image: reference });
    await bed.all('rescued', 1, 'running', running);
    assert.equal(await bed.routes('words.invalid'), 1, 'the route is up');
    assert.equal(await words(), alone);
    assert.equal((await bed.mirrored('words.invalid/x/other')).length, 0);
  },
);

onNode("a pod's imagePullSecrets never reach the mirror", async (bed) => {
  const mirror = await recordingMirror(bed.cluster.mirror.address);
  try {
    const auth = Buffer.from('user:canary').toString('base64');
    const config = { auths: { 'secret.invalid': { auth }, '127.0.0.1': { auth }, [mirror.address]: { auth } } };
    await bed.cluster.kube.post('/api/v1/namespaces/default/secrets', {
      metadata: { name: 'pull-secret' },
      type: 'kubernetes.io/dockerconfigjson',
      stringData: { '.dockerconfigjson': JSON.stringify(config) },
    });
    bed.start({ DOCKER_PROXY_URL: mirror.address });
    const { reference } = await bed.image('secret', 'secret.invalid/x');
    const secrets = { spec: { imagePullSecrets: [{ name: 'pull-secret' }] } };
    await bed.pod('secret', { image: reference }, secrets);
    await bed.pod('secret-always', { image: reference, imagePullPolicy: 'Always' }, secrets);
    await bed.all('secret', 1, 'running', running);
    await bed.all('secret-always', 1, 'running', running);
    const asked = mirror.requests().filter(({ url }) => url.includes('secret.invalid'));
    assert.ok(asked.length > 0);
    assert.deepEqual(
      asked.filter(({ headers }) => headers.authorization !== undefined),
      [],
    );
  } finally {
    mirror.close();
  }
});

onNode('killed between the pull and the wake and started again: rescued', async (bed) => {
  let product = bed.start();
  const { reference } = await bed.image('killed', 'killed.invalid/x');
  await bed.pod('killed', { image: reference });
  await waitFor('the Job', async () => (await bed.jobs()).length === 1, patience);
  await product.end('SIGKILL');
  await waitFor('the pull', async () => (await bed.cluster.ctr('images', 'list', '-q')).includes(reference), patience);
  const since = new Date().toISOString();
  product = bed.start();
  await bed.all('killed', 1, 'running', running);
  assert.equal(await bed.jobsMade(since), 0, 'nothing is pulled twice');
});

onNode('SIGTERM ends the process within 5 s, in the middle of a rescue', async (bed) => {
  const product = bed.start();
  const { reference } = await bed.image('sigterm', 'sigterm.invalid/x');
  await bed.pod('sigterm', { image: reference });
  await waitFor('the Job', async () => (await bed.jobs()).length === 1, patience);
  const code = await Promise.race([product.end('SIGTERM'), sleep(5_000, 'still there')]);
  assert.equal(code, 0);
});
