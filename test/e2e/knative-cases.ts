import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { eventTypes, type SweepScope } from '../../shared/events/types.ts';
import { postTo } from '../../shared/http/post.ts';
import { ingressHost } from '../cluster/knative/objects.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { type Bed, patience, running, stuck, type TestPod } from './bed.ts';
import { type Case, casesOnBed } from './cases.ts';
import { hostOf, type KnativeBed, type KnativeGround, makeKnativeBed } from './knative-bed.ts';

/** As a PingSource sends it. */
export const ping = ({ knative }: KnativeBed, scope: SweepScope) =>
  postTo(knative.sink)({
    id: randomUUID(),
    type: eventTypes.ping,
    source: '/apis/v1/namespaces/image-rescue/pingsources/sweep',
    extensions: {},
    data: { scope },
  });

/** The images of the Jobs that were made since a moment, by the audit log. */
export async function imagesPulled(bed: Bed, since: string): Promise<string[]> {
  const made = (await bed.asked(since)).filter(
    (one) => one.verb === 'create' && one.resource === 'jobs' && one.code === 201,
  );
  return made.map(({ requestObject }) => {
    const { annotations }: { annotations?: Record<string, string> } = (requestObject as TestPod).metadata;
    return annotations?.['image-rescue.dev/image'] ?? '';
  });
}

/** What is so however the functions run; a file says how, and adds what is so only there. */
export function knativeCases<B extends KnativeBed>(functions: (ground: KnativeGround) => B | Promise<B>): Case<B> {
  const onKnative = casesOnBed(() => makeKnativeBed(functions));

  onKnative('a pod that was stuck before anything was there: a ping finds it, the same pod runs', async (bed) => {
    await bed.cluster.stopComponent('source-cluster');
    const { reference, digest } = await bed.image('early', 'early.invalid/x');
    await bed.pod('early', { image: reference });
    const [before] = await bed.all('early', 1, 'stuck', stuck);
    bed.ends(await bed.functions({ only: ['submit-cache', 'restore', 'sweep'] }));
    await ping(bed, 'waiting');
    const [pod] = await bed.all('early', 1, 'running', running);
    assert.equal(pod?.metadata.uid, before?.metadata.uid);
    assert.ok((await bed.word('early', 'ImageRescued')).includes(digest));
    await bed.cluster.startComponent('source-cluster');
  });

  onKnative('a pod whose image cannot be pulled: same pod, same spec, by route, told', async (bed, t) => {
    bed.ends(await bed.functions());
    const { reference, digest } = await bed.image('first', 'first.invalid/x');
    const times: Record<'created' | 'failed' | 'running', number> = { created: Date.now(), failed: 0, running: 0 };
    const seen: TestPod[] = [];
    const stop = bed.cluster.kube.watch<TestPod>(
      '/api/v1/namespaces/default/pods?labelSelector=app%3Dfirst',
      (event) => {
        seen.push(event.object);
        if (stuck(event.object)) times.failed ||= Date.now();
        if (running(event.object)) times.running ||= Date.now();
      },
    );
    const created = await bed.pod('first', { image: reference });
    const [pod] = await bed.all('first', 1, 'running', running);
    await waitFor('the watch to see it', () => seen.some(running), patience);
    stop();
    assert.equal(pod?.metadata.uid, created.metadata.uid);
    assert.equal(pod?.spec.containers[0]?.image, reference);
    const told = await bed.word('first', 'ImageRescued');
    assert.ok(told.includes(digest) && told.includes('by route'), told);

    const { passed } = bed.knative.names;
    const fromSource = passed.filter(({ host, event }) => host === ingressHost && event['name'] === 'first');
    const latencies = fromSource.flatMap(({ event, time }) => {
      const arrived = passed.find(({ host, event: { id } }) => host === hostOf('detect') && id === event['id']);
      return arrived === undefined ? [] : [arrived.time - time];
    });
    assert.ok(latencies.length > 0, 'detect was told by the source');
    t.diagnostic(`adapter to function: ${latencies.sort((a, b) => a - b).join(', ')} ms`);
    t.diagnostic(`from the failed pull to running: ${times.running - times.failed} ms`);
  });

  onKnative('twelve pods of three images at once, two of every function: one Job per image, all run', async (bed) => {
    const since = new Date().toISOString();
    const functions = await bed.functions({ replicas: 2 });
    bed.ends(functions);
    const images = await Promise.all(['a', 'b', 'c'].map((letter) => bed.image(`burst-${letter}`, 'burst.invalid/x')));
    await Promise.all(images.map(({ reference }, index) => bed.deployment(`burst-${index}`, { image: reference }, 4)));
    for (const index of images.keys()) await bed.all(`burst-${index}`, 4, 'running', running);
    assert.deepEqual(
      (await imagesPulled(bed, since)).sort(),
      images.map(({ reference }) => reference),
    );
    const { passed } = bed.knative.names;
    for (const name of ['detect', 'submit-cache', 'restore'] as const) {
      const addresses = functions.addresses(name);
      assert.equal(new Set(addresses).size, 2);
      for (const address of addresses)
        assert.ok(
          passed.some((one) => one.address === address && one.status !== undefined),
          `both of ${name} had work`,
        );
    }
  });

  onKnative('no mirror has it: told, and asked again when COOL_DOWN is over', async (bed) => {
    const since = new Date().toISOString();
    bed.ends(await bed.functions({ env: { COOL_DOWN: '3' } }));
    await bed.pod('nowhere', { image: 'nowhere.invalid/x/nowhere:1' });
    assert.match(await bed.word('nowhere', 'ImageRescueFailed'), /404/);
    await waitFor(
      'a second attempt',
      async () => {
        await ping(bed, 'full');
        return (await bed.jobsMade(since)) >= 2;
      },
      patience,
    );
    const [pod] = await bed.pods('nowhere');
    const counted = async () => {
      const told = pod === undefined ? [] : await bed.told(pod);
      return told.some(({ reason, count }) => reason === 'ImageRescueFailed' && count > 1);
    };
    await waitFor('the second failure to count the first up', counted, patience);
  });

  onKnative("a pull pod that cannot start: told in Kubernetes' words", async (bed) => {
    const env = { RUNTIME_SOCKET: '/run/nowhere.sock', START_DEADLINE: '5', PULL_DEADLINE: '5', ROUTE_HOLD: '0' };
    bed.ends(await bed.functions({ env }));
    await bed.pod('mount', { image: 'mount.invalid/x:1' });
    assert.match(await bed.word('mount', 'ImageRescueFailed'), /nowhere\.sock/);
  });

  return onKnative;
}
