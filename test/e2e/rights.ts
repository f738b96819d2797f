import assert from 'node:assert/strict';
import { podSchema } from '../../shared/pods/pod.ts';
import { pullEnded } from '../../shared/pulls/state.ts';
import type { Kube } from '../cluster/kube.ts';
import { may } from '../cluster/may.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { covers, type Grant, inWords, type Rule, singly } from '../permissions.ts';
import { type Bed, patience, pullNamespace } from './bed.ts';
import type { Given } from './cases.ts';
import type { RightsCase, SweepUntil } from './rights-cases.ts';

/** One permission of an account, by its user name. */
interface Lack {
  readonly user: string;
  readonly grant: Grant;
}

/** Whatever it is that runs in a case. */
interface Runs {
  /** Called when the permission is away, where it does not run before. */
  start?(): Promise<void>;
  readonly sweepUntil: SweepUntil;
  /** Its log. */
  output(): string | Promise<string>;
}

/** In this time, in milliseconds, whatever sweeps every second does so twice. */
const quiet = 2_000;

let names = 0;

/** Shows that a case fails for want of a permission, and of it only, is told in the log, and ends well once it is back. */
export async function failsWithout(
  bed: Given<Bed>,
  { user, grant }: Lack,
  one: RightsCase,
  { start, sweepUntil, output }: Runs,
): Promise<void> {
  const since = new Date().toISOString();
  const refused = async () =>
    (await bed.cluster.audit()).filter(
      ({ userAgent, time, code }) => userAgent === 'image-rescue' && time >= since && code === 403,
    );
  const name = `rights-${++names}`;
  const begin = (suffix = '') => one.begin(bed, `${name}${suffix}`, sweepUntil);
  const early = one.late ? undefined : await begin();
  const giveBack = await takeAway(bed.cluster.kube, user, grant);
  const without = async () => {
    await start?.();
    const kept = early ?? (await begin());
    const nothingMoves = standstill(bed, since);
    await sweepUntil(
      `${user} to be refused twice, and nothing to come of it any more`,
      async () => (await refused()).length >= 2 && (await nothingMoves()),
    );
    assert.equal(await kept(), false, 'it is not needed');
    return kept;
  };
  const first = await without().finally(giveBack);
  const kept = one.anew ? await begin('-anew') : first;
  await sweepUntil(`${one.name}, with the permission back`, kept);
  for (const entry of await refused()) {
    assert.equal(entry.user, user);
    assert.ok(covers(grant, entry), `refused: ${inWords({ resource: '', ...entry })}`);
  }
  assertLogged(await output(), user, grant);
}

/** Tells whether nothing moves any more: for a while no pull has been under way, and nothing new was written. */
function standstill(bed: Bed, since: string): () => Promise<boolean> {
  let [written, at] = [0, Date.now()];
  return async () => {
    const wrote = (await bed.asked(since)).filter(({ verb, code = 0 }) => !reads.includes(verb) && code < 300).length;
    const { items } = await bed.cluster.kube.get<{ items: object[] }>(`/api/v1/namespaces/${pullNamespace}/pods`);
    const pulls = items.map((pod) => podSchema.parse(pod));
    const pulling = pulls.some((pod) => pod.metadata.deletionTimestamp === undefined && pullEnded(pod) === undefined);
    if (pulling || wrote > written) [written, at] = [wrote, Date.now()];
    return Date.now() - at >= quiet;
  };
}
const reads = ['get', 'list'];

/** What a person needs to know is in one line of the log. */
function assertLogged(output: string, user: string, { verb, group, resource, namespace }: Grant): void {
  const lines = output.split('\n').filter((line) => line.includes('missing permission'));
  const words = [`User "${user}" cannot ${verb} resource "${resource}" in API group "${group}"`, 'README'];
  if (namespace !== undefined) words.push(`in the namespace "${namespace}"`);
  const text = lines.map((line) => Object.values(JSON.parse(line)).join(' '));
  assert.ok(
    text.some((line) => words.every((word) => line.includes(word))),
    `no line of the log has ${words.join(', ')}:\n${text.join('\n')}`,
  );
}

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
