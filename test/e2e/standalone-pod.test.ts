import assert from 'node:assert/strict';
import * as z from 'zod';
import { kubectlOn } from '../cluster/objects.ts';
import { render } from '../knative/render.ts';
import { userOf } from './account.ts';
import { running, stuck } from './bed.ts';
import { casesOn } from './cases.ts';
import { deploy } from './deployed.ts';
import { pushImage } from './own-image.ts';

// The one process as standalone/ deploys it: a pod of the built image on the host's network, under its own account.

const onNode = casesOn({ hostConfig: true });
const namespace = 'image-rescue-standalone';
const schema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.literal(namespace) }),
  spec: z.looseObject({
    replicas: z.number(),
    selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.looseObject({}),
  }),
});

onNode('its Deployment, as it stands: the pod that is stuck runs, by route, told', async (bed) => {
  const { reference, digest } = await bed.image('deployed', 'deployed.invalid/x');
  await bed.pod('deployed', { image: reference });
  const [before] = await bed.all('deployed', 1, 'stuck', stuck);

  const objects = render('standalone', await pushImage(bed.cluster.mirror.address));
  const [deployment] = objects.filter(({ kind }) => kind === 'Deployment');
  await kubectlOn(
    bed.cluster,
    'create',
    objects.filter((one) => one !== deployment),
  );
  const settings = { data: { ...bed.env, LOG_LEVEL: 'debug' } };
  await bed.cluster.kube.patch(`/api/v1/namespaces/${namespace}/configmaps/image-rescue`, settings);
  const deployed = await deploy(bed.cluster, [schema.parse(deployment)]);
  bed.ends(deployed);

  const [pod] = await bed.all('deployed', 1, 'running', running);
  assert.equal(pod?.metadata.uid, before?.metadata.uid);
  assert.equal(pod?.spec.containers[0]?.image, reference);
  const told = await bed.word('deployed', 'ImageRescued');
  assert.ok(told.includes(digest) && told.includes('by route'), told);

  const [own] = deployed.of('image-rescue');
  const requests = (await bed.cluster.audit()).filter(({ userAgent }) => userAgent === 'image-rescue');
  const by = new Set(requests.map(({ user, pod }) => `${user} in ${pod}`));
  assert.deepEqual([...by], [`${userOf('standalone', namespace)} in ${own?.metadata.name}`]);
  const refused = requests.filter(({ code }) => code === 403).map(({ verb, resource }) => `${verb} ${resource}`);
  assert.deepEqual(refused, []);
});
