import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kubectlOn } from '../cluster/objects.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { render } from '../knative/render.ts';
import { grants, inWords } from '../permissions.ts';
import { kubeconfigOf, userOf } from './account.ts';
import { makeBed, patience } from './bed.ts';
import { casesOnBed } from './cases.ts';
import { type Product, startProduct } from './product.ts';
import { failsWithout } from './rights.ts';
import {
  failureTold,
  leftAlone,
  neverStarts,
  patched,
  pulledAgain,
  type RightsCase,
  rescued,
  toldAgain,
} from './rights-cases.ts';

// As rights.test.ts, for the one account of the one process.

const [account, namespace] = ['standalone', 'image-rescue-standalone'];
const user = userOf(account, namespace);
const manifests = render('standalone');
const granted = grants(manifests, { name: account, namespace });

/** With the one sweep at its start. Where sweeps go on, watches only save time. */
const unswept = (one: RightsCase): RightsCase => ({
  ...one,
  name: `no sweep comes; ${one.name}`,
  env: { ...one.env, IMAGE_CHECK_INTERVAL: '86400' },
});

/** What fails where the account has one permission less. */
const needed: Readonly<Record<string, RightsCase>> = {
  'get pods': rescued,
  'list pods': rescued,
  'watch pods': { ...unswept(rescued), late: true },
  'patch pods': patched,
  'get nodes': rescued,
  'create events': failureTold,
  'list events': toldAgain,
  'patch events': toldAgain,
  'get namespaces': leftAlone,
  'get jobs in image-rescue-pull': rescued,
  'list jobs in image-rescue-pull': unswept(neverStarts),
  'watch jobs in image-rescue-pull': unswept(neverStarts),
  'create jobs in image-rescue-pull': rescued,
  'delete jobs in image-rescue-pull': pulledAgain,
  'create configmaps in image-rescue-pull': rescued,
};

test('every permission has its case, and every case its permission', () => {
  assert.deepEqual(granted.map(inWords).sort(), Object.keys(needed).sort());
});

const withAccount = casesOnBed(async () => {
  const bed = await makeBed({ hostConfig: true });
  const objects = manifests.filter(({ kind }) => kind !== 'Deployment');
  await kubectlOn(bed.cluster, 'create', objects);
  return { ...bed, kubeconfig: await kubeconfigOf(bed.cluster, account, namespace) };
});

for (const grant of granted) {
  const one = needed[inWords(grant)];
  if (one === undefined) continue; // the test above says so
  withAccount(`without "${inWords(grant)}" this fails: ${one.name}`, async (bed) => {
    const run = () => {
      const product = startProduct(bed.kubeconfig, { ...bed.env, IMAGE_CHECK_INTERVAL: '1', ...one.env });
      bed.ends(product);
      return product;
    };
    const swept = (product: Product) => product.log().some(({ msg }) => msg === 'swept');
    let product: Product | undefined;
    await failsWithout(bed, { user, grant }, one, {
      start: async () => {
        const started = run();
        product = started;
        if (one.late) await waitFor('the sweep at its start', () => swept(started), patience);
      },
      // It sweeps by itself: another one does it for what is to be so before.
      sweepUntil: async (what, so) => {
        const before = product === undefined ? run() : undefined;
        await waitFor(what, so, patience);
        await before?.end();
      },
      output: () => product?.output() ?? '',
    });
  });
}
