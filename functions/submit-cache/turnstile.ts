import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { Config } from '../../shared/config/config.ts';
import { NoSlot } from '../../shared/events/errors.ts';
import { marks } from '../../shared/pulls/name.ts';
import { jobNameLabel } from '../../shared/pulls/read.ts';
import { type EndedPull, type Resting, restingMirrors } from '../../shared/pulls/resting.ts';
import { type Limits, noSlot, type UnderWay, underWay } from '../../shared/pulls/slots.ts';
import { pullEnded } from '../../shared/pulls/state.ts';

/** Told which mirrors rest now. */
type Create = (resting: Resting) => Promise<'created' | 'exists'>;

/** Lets one pull after another in, as long as there is room. */
export type Turnstile = (wanted: UnderWay, create: Create) => Promise<'created' | 'exists'>;

/** A Job's pod may be this late in a list, in milliseconds; until then the Job counts from memory. */
const podsAreSeenWithin = 15_000;

/**
 * Creates a pull only where there is a slot for it. What is under way is read from the cluster each time; this process
 * only remembers what it created a moment ago, so that one replica keeps the limits and several pass them by a few.
 * Throws what the create function throws, or NoSlot: the broker brings the event again.
 *
 * @param others pulls that are no pods of ours
 */
export function makeTurnstile(
  cluster: Pick<Cluster, 'listPods'>,
  config: Pick<Config, 'pullNamespace' | 'coolDown'> & Limits,
  now: () => number,
  others: () => Promise<UnderWay[]> = async () => [],
): Turnstile {
  const recent = new Map<string, { pull: UnderWay; at: number }>();
  let last: Promise<unknown> = Promise.resolve();

  async function pass(wanted: UnderWay, create: Create): Promise<'created' | 'exists'> {
    const ended: EndedPull[] = [];
    const pulls = new Map<string, UnderWay>();
    for (const [job, { pull, at }] of recent) {
      if (now() - at > podsAreSeenWithin) recent.delete(job);
      else pulls.set(job, pull);
    }
    for (const pull of await others()) pulls.set(pull.job, pull);
    for await (const pod of cluster.listPods({ namespace: config.pullNamespace, labels: `${marks.kind}=pull` })) {
      const pull = underWay(pod);
      if (pull !== undefined) pulls.set(pull.job, pull);
      else pulls.delete(pod.metadata.labels?.[jobNameLabel] ?? '');
      const end = pullEnded(pod);
      if (end?.state === 'ended') ended.push({ at: end.at, answers: end.result.answers });
    }
    const why = pulls.has(wanted.job) ? undefined : noSlot([...pulls.values()], wanted, config);
    if (why !== undefined) throw new NoSlot(`${wanted.job} waits: ${why}`);
    const outcome = await create(restingMirrors(ended, config.coolDown, now()));
    if (outcome === 'created') recent.set(wanted.job, { pull: wanted, at: now() });
    return outcome;
  }

  return (wanted, create) => {
    // One at a time: two that count together would both find the last slot.
    const turn = last.then(() => pass(wanted, create));
    last = turn.catch(() => undefined);
    return turn;
  };
}
