import assert from 'node:assert/strict';
import { waitFor } from '../cluster/wait-for.ts';
import { userOf } from './account.ts';
import { patience, running } from './bed.ts';
import { killAtEveryStep } from './deaths.ts';
import { openGate } from './gate.ts';
import { functionNames, hostOf, manifests, namespace } from './knative-bed.ts';
import { imagesPulled, knativeCases, ping } from './knative-cases.ts';
import { withProcesses } from './knative-processes.ts';

// Knative's own source adapters, broker and channel between the functions, by the manifests of knative/. The functions
// are HTTP processes that have the permissions of their own ServiceAccounts and no others.

const onKnative = knativeCases(withProcesses);

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
