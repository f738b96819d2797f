import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { eventTypes, type SweepScope } from '../../shared/events/types.ts';
import { postTo } from '../../shared/http/post.ts';
import { ingressHost } from '../cluster/knative/objects.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { userOf } from './account.ts';
import { patience, running, stuck, type TestPod } from './bed.ts';
import { casesOnBed } from './cases.ts';
import { killAtEveryStep } from './deaths.ts';
import { openGate } from './gate.ts';
import { functionNames, hostOf, type KnativeBed, makeKnativeBed, manifests, namespace } from './knative-bed.ts';

// Knative's own source adapters, broker and channel between the functions, by the manifests of knative/. The functions
// are HTTP processes that have the permissions of their own ServiceAccounts and no others.

const onKnative = casesOnBed(makeKnativeBed);

/** As a PingSource sends it. */
const ping = ({ knative }: KnativeBed, scope: SweepScope) =>
  postTo(knative.sink)({
    id: randomUUID(),
    type: eventTypes.ping,
    source: '/apis/v1/namespaces/image-rescue/pingsources/sweep',
    extensions: {},
    data: { scope },
  });

/** The images of the Jobs that were made since a moment, by the audit log. */
async function imagesPulled(bed: KnativeBed, since: string): Promise<string[]> {
  const made = (await bed.asked(since)).filter(
    (one) => one.verb === 'create' && one.resource === 'jobs' && one.code === 201,
  );
  return made.map(({ requestObject }) => {
    const { annotations }: { annotations?: Record<string, string> } = (requestObject as TestPod).metadata;
    return annotations?.['image-rescue.dev/image'] ?? '';
  });
}

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
  const stop = bed.cluster.kube.watch<TestPod>('/api/v1/namespaces/default/pods?labelSelector=app%3Dfirst', (event) => {
    seen.push(event.object);
    if (stuck(event.object)) times.failed ||= Date.now();
    if (running(event.object)) times.running ||= Date.now();
  });
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
    for (const { port } of functions.of(name))
      assert.ok(
        passed.some((one) => one.port === port && one.status !== undefined),
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

const wakes = /^PATCH .*\/pods\/killed-/;
/** Among the steps at which each function is killed. */
const steps = {
  detect: [/^answered .*update Pod with .*image\.stuck$/],
  'submit-cache': [/^GET .*\/pods\/killed-/, /^POST .*\/jobs$/, /^answered .*image\.stuck with .*pulls\.decided$/],
  restore: [/^answered .*pulls\.decided$/, /^GET .*\/pods$/, wakes, /^answered .*update Pod/],
  sweep: [/^GET .*\/pods$/, /^answered .*ping$/],
};

for (const name of ['detect', 'submit-cache', 'restore', 'sweep'] as const) {
  onKnative(`${name} is killed at every step of a rescue: the pod runs, one Job`, async (bed, t) => {
    const since = new Date().toISOString();
    const gate = await openGate(bed.cluster.kubeconfig);
    const functions = await bed.functions({ only: functionNames.filter((other) => other !== name) });
    const victim = await bed.functions({ only: [name], api: gate.url });
    bed.ends({ output: functions.output, end: functions.end });
    bed.ends({
      output: victim.output,
      end: async () => {
        await victim.end();
        gate.close();
      },
    });
    const [process] = victim.of(name);
    assert.ok(process);
    const { tap, deaths } = killAtEveryStep(process, gate);
    bed.knative.names.tap(hostOf(name), tap);
    const { reference, digest } = await bed.image(`killed-${name}`, 'killed.invalid/x');
    await bed.pod(`killed-${name}`, { image: reference });
    if (name === 'sweep') await ping(bed, 'waiting');
    const [pod] = await bed.all(`killed-${name}`, 1, 'running', running);
    assert.ok((await bed.word(`killed-${name}`, 'ImageRescued')).includes(digest));
    // With its helper dying at every step the kubelet's own next pull may come by the route first: nobody is woken then.
    const woken = pod?.metadata.annotations?.['image-rescue.dev/wake'] !== undefined;
    const expected = steps[name].filter((step) => woken || step !== wakes);
    for (const step of [/^received/, ...expected])
      await waitFor(`${name} to die at ${step}`, () => deaths.some((death) => step.test(death)), patience);
    t.diagnostic(`died at: ${deaths.join(', ')}`);
    assert.deepEqual(await imagesPulled(bed, since), [reference]);
  });
}

onKnative('nobody was refused anything', async (bed) => {
  const accounts = manifests.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.name);
  const users = accounts.map((name) => userOf(name, namespace));
  const requests = (await bed.cluster.audit()).filter(({ user }) => users.includes(user));
  assert.ok(requests.length > 0);
  assert.deepEqual(
    requests.filter(({ code }) => code === 403).map(({ user, verb, resource }) => `${user}: ${verb} ${resource}`),
    [],
  );
});
