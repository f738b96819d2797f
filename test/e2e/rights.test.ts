import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sourceSchema } from '../cluster/knative/programs.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { type Grant, grants, inWords } from '../permissions.ts';
import { kubeconfigOf, userOf } from './account.ts';
import { patience } from './bed.ts';
import { casesOnBed } from './cases.ts';
import { makeKnativeBed, manifests, namespace } from './knative-bed.ts';
import { ping } from './knative-cases.ts';
import { withProcesses } from './knative-processes.ts';
import { failsWithout, takeAway } from './rights.ts';
import {
  failureTold,
  leftAlone,
  neverStarts,
  patched,
  pulledAgain,
  type RightsCase,
  rescued,
  type SweepUntil,
  toldAgain,
} from './rights-cases.ts';

// Every single permission of every account, taken away alone: one case fails for want of it, and of it only, and ends well
// once it is back.

/** What fails where a function's account has one permission less. */
const needed: Readonly<Record<string, Readonly<Record<string, RightsCase>>>> = {
  'submit-cache': {
    'get pods': rescued,
    'get nodes': rescued,
    // Who may not read the label goes on without it, and says so: a rescue is worth more than leaving alone.
    'get namespaces': leftAlone,
    'get jobs in image-rescue-pull': rescued,
    'create jobs in image-rescue-pull': rescued,
    'delete jobs in image-rescue-pull': pulledAgain,
    'list pods in image-rescue-pull': rescued,
    'create configmaps in image-rescue-pull': rescued,
  },
  restore: {
    'get pods': patched,
    'list pods': failureTold,
    'patch pods': patched,
    'create events': failureTold,
    'list events': toldAgain,
    'patch events': toldAgain,
    'get namespaces': leftAlone,
    'get jobs in image-rescue-pull': neverStarts,
  },
  sweep: { 'list pods': rescued },
};
/** Without any of these the source does not start, by the rule of its controller. */
const read = (...resources: string[]) => resources.flatMap((one) => ['get', 'list', 'watch'].map((v) => `${v} ${one}`));
const neededBySources: Readonly<Record<string, readonly string[]>> = {
  'source-cluster': read('pods', 'events'),
  'source-pulls': read('pods in image-rescue-pull', 'jobs in image-rescue-pull'),
};

const granted = (account: string) => grants(manifests, { name: account, namespace });
function grantOf(account: string, permission: string): Grant {
  const found = granted(account).find((one) => inWords(one) === permission);
  assert.ok(found, `${account} has "${permission}"`);
  return found;
}

test('every permission of every account has its case, and every case its permission', () => {
  const accounts = manifests.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.name);
  const pairs = (account: string, permissions: readonly string[]) => permissions.map((one) => `${account}: ${one}`);
  assert.deepEqual(
    accounts.flatMap((account) => pairs(account, granted(account).map(inWords))).sort(),
    [
      ...Object.entries(needed).flatMap(([account, cases]) => pairs(account, Object.keys(cases))),
      ...Object.entries(neededBySources).flatMap(([account, permissions]) => pairs(account, permissions)),
    ].sort(),
  );
});

// Only sweeps that a case asks for bring anything about: nothing happens between its beginning and the first of them.
const onKnative = casesOnBed(async () => {
  const bed = await makeKnativeBed(withProcesses);
  await bed.cluster.stopComponent('source-cluster');
  return bed;
});

const soon = 200;
for (const [account, cases] of Object.entries(needed)) {
  for (const [permission, one] of Object.entries(cases)) {
    onKnative(`without "${permission}" of ${account} this fails: ${one.name}`, async (bed) => {
      const functions = await bed.functions({
        only: ['submit-cache', 'restore', 'sweep', 'dead-letter'],
        ...(one.env && { env: one.env }),
      });
      bed.ends(functions);
      const sweepUntil: SweepUntil = async (what, so) => {
        const sweep = async () => {
          if (await so()) return true;
          await ping(bed, 'waiting');
          await sleep(soon);
          return false;
        };
        await waitFor(what, sweep, patience);
      };
      const lack = { user: userOf(account, namespace), grant: grantOf(account, permission) };
      await failsWithout(bed, lack, one, { sweepUntil, output: functions.output });
    });
  }
}

for (const source of manifests.filter(({ kind }) => kind === 'ApiServerSource').map((one) => sourceSchema.parse(one))) {
  const { serviceAccountName } = source.spec;
  for (const permission of neededBySources[serviceAccountName] ?? []) {
    onKnative(`without "${permission}" of ${serviceAccountName} this fails: its source starts`, async (bed) => {
      const user = userOf(serviceAccountName, namespace);
      const start = async () =>
        bed.knative.source(source, await kubeconfigOf(bed.cluster, serviceAccountName, namespace), user);
      await bed.cluster.stopComponent(`source-${source.metadata.name}`);
      const giveBack = await takeAway(bed.cluster.kube, user, grantOf(serviceAccountName, permission));
      const words = `may not ${permission}${permission.includes(' in ') ? '' : ' in all namespaces'}`;
      try {
        await assert.rejects(start(), new RegExp(`${user} ${words}`));
      } finally {
        await giveBack();
      }
      await start();
    });
  }
}
