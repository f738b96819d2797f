import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { waitFor } from '../cluster/wait-for.ts';
import { type Bed, patience, running, type TestPod } from './bed.ts';
import { casesOn } from './cases.ts';
import { makeSecret, type PrivateMirror, password, startPrivateMirror } from './private-mirror.ts';
import { tracesOf } from './traces.ts';

// A mirror that wants a password, before one that wants none. A containerd with a host configuration folder.

const onNode = casesOn({ hostConfig: true });

const secretRepositories = { MIRROR_SECRET_REPOSITORIES: 'docker.io/team/*' };

/** The private mirror first; the Node image comes from the other. */
const both = (bed: Bed, mirror: PrivateMirror) => ({
  ...secretRepositories,
  DOCKER_PROXY_URL: `${mirror.address},${bed.cluster.mirror.address}`,
  NODE_IMAGE: `${bed.cluster.mirror.address}/docker.io/library/node:24-alpine`,
});

onNode(
  'images of its repositories come for the password, others without; the password is left nowhere',
  async (bed) => {
    const mirror = await startPrivateMirror(bed);
    const secret = await makeSecret(bed, { hosts: [mirror.address] });
    const product = bed.start({ ...both(bed, mirror), MIRROR_PULL_SECRET: secret, ROUTE_HOLD: '60' });
    const [team, open] = [await bed.image('team', 'docker.io/team'), await bed.image('open')];
    await bed.pod('team', { image: team.reference });
    await bed.pod('always', { image: team.reference, imagePullPolicy: 'Always' });
    await bed.pod('open', { image: open.reference });
    for (const name of ['team', 'always', 'open']) {
      const [pod] = await bed.all(name, 1, 'running', running);
      assert.equal(pod?.spec.containers[0]?.image, name === 'open' ? open.reference : team.reference);
    }
    assert.ok((await bed.word('team', 'ImageRescued')).includes(mirror.address));
    assert.ok((await bed.word('open', 'ImageRescued')).includes(bed.cluster.mirror.address));
    assert.ok(mirror.asked('docker.io/team/team').withCredentials > 0);
    const { all, withCredentials } = mirror.asked('docker.io/library/open');
    assert.ok(all > 0, 'it was asked');
    assert.equal(withCredentials, 0, 'and given nothing');

    type WithVolumes = TestPod & { spec: { volumes: object[] } };
    const { items } = await bed.cluster.kube.get<{ items: WithVolumes[] }>('/api/v1/namespaces/image-rescue-pull/pods');
    for (const { metadata, spec } of items) {
      const isTeams = metadata.annotations?.['image-rescue.dev/image']?.startsWith('docker.io/team/') === true;
      assert.equal(JSON.stringify(spec.volumes).includes(secret), isTeams, 'mounted for its images only');
      const mounts = spec.containers.filter((container) => JSON.stringify(container).includes('"mirror-secret"'));
      assert.deepEqual(
        mounts.map(({ name }) => name),
        isTeams ? ['registry'] : [],
      );
    }

    const during = await tracesOf(bed, password);
    assert.deepEqual(during.elsewhere, [], 'during the rescue');
    assert.ok(during.inEtcd > 0, 'the search finds what is there');
    await waitFor(
      'the routes to be down',
      async () => (await readdir(bed.cluster.hostConfigFolder)).length === 0,
      patience,
    );
    assert.deepEqual((await tracesOf(bed, password)).elsewhere, [], 'after it');
    assert.ok(!product.output().includes(password));
    mirror.close();
  },
);

for (const [what, problem, text] of [
  ['absent', /there is no such Secret, or it has no \.dockerconfigjson/, undefined],
  ['malformed', /is no JSON object with auths/, `{"auths": {"x": {"password": "${password}`],
  ['without a password', /no entry of its \.dockerconfigjson has a username and a password/, '{"auths":{"x":{}}}'],
] as const) {
  onNode(`a Secret that is ${what}: told once on the pod, and the mirrors are asked without`, async (bed) => {
    const mirror = await startPrivateMirror(bed);
    const secret = text === undefined ? 'no-such-secret' : await makeSecret(bed, { text });
    bed.start({ ...both(bed, mirror), MIRROR_PULL_SECRET: secret });
    const { reference } = await bed.image(`wrong-${what.split(' ')[0]}`, 'docker.io/team');
    await bed.pod('wrong', { image: reference });
    const [pod] = await bed.all('wrong', 1, 'running', running);
    assert.match(await bed.word('wrong', 'ImageRescueSecretUnusable'), problem);
    const told = (await bed.told(pod as TestPod)).filter(({ reason }) => reason === 'ImageRescueSecretUnusable');
    assert.deepEqual(
      told.map(({ count }) => count),
      [1],
    );
    const asked = mirror.asked(reference.replace(/:1$/, ''));
    assert.ok(asked.all > 0);
    assert.equal(asked.withCredentials, 0);
    mirror.close();
  });
}

onNode('a wrong password: the mirror’s answer is told, and the next one helps', async (bed) => {
  const mirror = await startPrivateMirror(bed);
  const auth = Buffer.from(`robot:not-the-${password}`).toString('base64');
  const secret = await makeSecret(bed, { text: JSON.stringify({ auths: { [mirror.address]: { auth } } }) });
  const product = bed.start({ ...both(bed, mirror), MIRROR_PULL_SECRET: secret });
  const { reference } = await bed.image('wrong-password', 'docker.io/team');
  await bed.pod('wrong-password', { image: reference });
  await bed.all('wrong-password', 1, 'running', running);
  assert.ok(mirror.asked('docker.io/team/wrong-password').withCredentials > 0);
  assert.match(product.output(), /401 Unauthorized[^}]*\(with those of MIRROR_PULL_SECRET\)/);
  assert.ok(!product.output().includes(password));
  mirror.close();
});
