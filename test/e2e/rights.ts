import assert from 'node:assert/strict';
import type { Kube } from '../cluster/kube.ts';
import { may } from '../cluster/may.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { type Grant, inWords, type Rule, singly } from '../permissions.ts';
import { patience } from './bed.ts';

/** Takes this one permission out of its role on the API server; resolves, when that counts, with what gives it back. */
export async function takeAway(kube: Kube, user: string, grant: Grant): Promise<() => Promise<void>> {
  const { verb, group, resource, namespace, role } = grant;
  const attempted = { verb, group, resource, ...(namespace !== undefined && { namespace }) };
  const counts = (allowed: boolean) =>
    waitFor(
      `the API server to ${allowed ? 'allow' : 'forbid'} ${user} to ${inWords(grant)}`,
      async () => (await may(kube, user, attempted)) === allowed,
      patience,
    );
  const { rules } = await kube.get<{ rules: Rule[] }>(role);
  const all = singly(rules);
  const left = all.filter((one) => one.verb !== verb || one.group !== group || one.resource !== resource);
  assert.equal(left.length, all.length - 1, `${role} has "${inWords(grant)}" once`);
  const alone = left.map((one) => ({ apiGroups: [one.group], resources: [one.resource], verbs: [one.verb] }));
  await kube.patch(role, { rules: alone });
  await counts(false);
  return async () => {
    await kube.patch(role, { rules });
    await counts(true);
  };
}
