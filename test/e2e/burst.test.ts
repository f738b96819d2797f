import assert from 'node:assert/strict';
import type { AuditEntry } from '../cluster/audit.ts';
import { pullNamespace, running, type TestPod } from './bed.ts';
import { casesOn } from './cases.ts';

// Sixty pods of all kinds at once, half of them hopeless.

const onNode = casesOn({ hostConfig: true });
const perNode = 4; // the default of PULLS_PER_NODE

/** Why a pod is hopeless, by what its one Event says. */
const hopeless = [
  { name: 'nowhere', image: 'burst.invalid/x/nowhere-N:1', says: /404/ },
  { name: 'never', image: 'burst.invalid/x/never-N:1', imagePullPolicy: 'Never', says: /imagePullPolicy is Never/ },
  { name: 'invalid', image: 'burst.invalid/x/INVALID-N:1', says: /not a valid image name/ },
  { name: 'internal', image: '10.99.200.1:5000/x/internal-N:1', says: /internal/ },
  { name: 'named', image: 'named.invalid/x/named-N:1', says: /NO_PROXY_DOCKER_DOMAIN/ },
  { name: 'closed', image: 'closed.invalid/x/closed-N:1', says: /MIRROR_REGISTRIES/ },
] as const;

onNode('every rescuable one runs, every hopeless one is told once why, the limits are held', async (bed) => {
  const since = new Date().toISOString();
  bed.start({
    MIRROR_REGISTRIES: 'burst.invalid,docker.io',
    NO_PROXY_DOCKER_DOMAIN: 'named.invalid',
    IMAGE_CHECK_INTERVAL: '5',
  });
  const images = await Promise.all(
    Array.from({ length: 10 }, (_, index) => bed.image(`image-${index}`, 'burst.invalid/x')),
  );
  await Promise.all([
    ...images.map(({ reference }, index) =>
      bed.deployment(`fine-${index}`, { image: reference, imagePullPolicy: index % 3 ? 'IfNotPresent' : 'Always' }, 3),
    ),
    ...hopeless.flatMap(({ name, says: _, ...container }) =>
      Array.from({ length: 5 }, (__, index) =>
        bed.pod(`${name}-${index}`, { ...container, image: container.image.replace('N', `${index}`) }),
      ),
    ),
  ]);
  for (const index of images.keys()) await bed.all(`fine-${index}`, 3, 'running', running, 300_000);
  for (const { name, says } of hopeless) {
    for (let index = 0; index < 5; index += 1) {
      const reason = name === 'nowhere' ? 'ImageRescueFailed' : 'ImageRescueRefused';
      assert.match(await bed.word(`${name}-${index}`, reason), says);
      const [pod] = await bed.pods(`${name}-${index}`);
      const told = (await bed.told(pod as TestPod)).filter(({ type }) => type === 'Warning');
      assert.deepEqual(
        told.map(({ count }) => count),
        [1],
        `${name}-${index}: ${told.map(({ message }) => message)}`,
      );
    }
  }
  const audit = (await bed.cluster.audit()).filter(({ time }) => time >= since);
  assert.equal(await bed.jobsMade(since), images.length + 5, 'one Job per image that may be asked for');
  assert.ok(mostAtOnce(audit) <= perNode, `${mostAtOnce(audit)} pulls at once`);
  for (const name of ['internal', 'named', 'closed'])
    assert.equal((await bed.cluster.mirror.requests()).filter(({ url }) => url.includes(`/${name}-`)).length, 0);
});

/** The most pulls that were under way at once, from the API server's log: from a Job's creation to its pull container's end. */
function mostAtOnce(audit: readonly AuditEntry[]): number {
  type Patch = { status?: { containerStatuses?: { name: string; state?: { terminated?: object } }[] } };
  const open = new Set<string>();
  let most = 0;
  for (const { verb, resource, namespace, name = '', code, requestObject } of audit) {
    if (namespace !== pullNamespace) continue;
    const made = requestObject as { metadata?: { name?: string } } | undefined;
    if (verb === 'create' && resource === 'jobs' && code === 201) open.add(made?.metadata?.name ?? '');
    const statuses = (requestObject as Patch | undefined)?.status?.containerStatuses ?? [];
    const ended = statuses.some((one) => one.name === 'pull' && one.state?.terminated !== undefined);
    if (verb === 'patch' && resource === 'pods' && ended) open.delete(name.replace(/-[a-z0-9]{5}$/, ''));
    most = Math.max(most, open.size);
  }
  assert.ok(most > 0, 'the log shows pulls');
  return most;
}
