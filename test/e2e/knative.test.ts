import assert from 'node:assert/strict';
import { waitFor } from '../cluster/wait-for.ts';
import { grants, inWords, needFor } from '../permissions.ts';
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
    const { reference } = await bed.image(`killed-${name}`, 'killed.invalid/x');
    await bed.pod(`killed-${name}`, { image: reference });
    if (name === 'sweep') await ping(bed, 'waiting');
    const [pod] = await bed.all(`killed-${name}`, 1, 'running', running);
    // With its helper dying at every step the kubelet's own next pull may come by the route first: nobody is woken then.
    const woken = pod?.metadata.annotations?.['image-rescue.dev/wake'] !== undefined;
    const expected = steps[name].filter((step) => woken || step !== wakes);
    for (const step of [/^received/, ...expected])
      await waitFor(`${name} to die at ${step}`, () => deaths.some((death) => step.test(death)), patience);
    t.diagnostic(`died at: ${deaths.join(', ')}`);
    assert.deepEqual(await imagesPulled(bed, since), [reference]);
  });
}

onKnative('every permission was needed by a case above, and nothing was refused', async (bed, t) => {
  const audit = await bed.cluster.audit();
  for (const account of manifests.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata)) {
    const requests = audit.filter((one) => one.user === userOf(account.name, namespace) && one.resource !== undefined);
    const refused = requests.filter(({ code }) => code === 403).map((one) => `${one.verb} ${one.resource}`);
    assert.deepEqual(refused, [], account.name);
    const granted = grants(manifests, { name: account.name, namespace });
    for (const grant of granted) {
      // A source's controller asks whether its account may get, list and watch; its adapter may do with watching.
      if (account.name.startsWith('source-') && grant.verb !== 'watch') continue;
      const need = needFor(grant, granted, requests);
      assert.ok(need, `${account.name} may ${inWords(grant)}, and never needed it`);
      t.diagnostic(`${account.name}: ${inWords(grant)}, for ${[need.namespace, need.name].filter(Boolean).join('/')}`);
    }
  }
});
