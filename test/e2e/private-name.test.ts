import assert from 'node:assert/strict';
import { running } from './bed.ts';
import { casesOn } from './cases.ts';
import { makeSecret, password, startPrivateMirror } from './private-mirror.ts';
import { tracesOf } from './traces.ts';

// A mirror that wants a password, on a node whose containerd has no host configuration folder.

const onNode = casesOn({ hostConfig: false });

onNode('by name with the password; Always is refused with the reason; the password is left nowhere', async (bed) => {
  const mirror = await startPrivateMirror(bed);
  const secret = await makeSecret(bed, { hosts: [mirror.address] });
  const product = bed.start({
    DOCKER_PROXY_URL: mirror.address,
    NODE_IMAGE: `${bed.cluster.mirror.address}/docker.io/library/node:24-alpine`,
    MIRROR_PULL_SECRET: secret,
    MIRROR_SECRET_REPOSITORIES: 'docker.io/team/*',
  });
  const { reference } = await bed.image('named', 'docker.io/team');
  await bed.pod('named', { image: reference });
  const [pod] = await bed.all('named', 1, 'running', running);
  assert.equal(pod?.spec.containers[0]?.image, reference);
  await bed.pod('always', { image: reference, imagePullPolicy: 'Always' });
  const refused = await bed.word('always', 'ImageRescueRefused');
  assert.match(refused, /imagePullPolicy is Always/);
  assert.match(refused, /gives it for the credentials of MIRROR_PULL_SECRET only/);
  const [always] = await bed.pods('always');
  assert.equal(always?.spec.containers[0]?.image, reference, 'it is not patched');

  const { elsewhere, inEtcd } = await tracesOf(bed, password);
  assert.deepEqual(elsewhere, []);
  assert.ok(inEtcd > 0, 'the search finds what is there');
  assert.ok(!product.output().includes(password));
  mirror.close();
});
