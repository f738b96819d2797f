import { digestsElsewhere, type Elsewhere } from '../../shared/pods/elsewhere.ts';
import { isLeftAlone } from '../../shared/pods/left-alone.ts';
import { type Pod, podName } from '../../shared/pods/pod.ts';
import { running, waitingFor } from '../../shared/pods/stuck.ts';
import { lastWake } from '../../shared/pods/wake.ts';
import type { PullState } from '../../shared/pulls/state.ts';
import type { RestoreDeps } from './deps.ts';

/** Of those that are looked through for a word more. */
const mostPods = 500;

/** One ended attempt at an image on a node. */
export interface Attempt {
  /** UID of its Job: a later attempt has the same name, and is told and woken for anew. */
  readonly uid: string;
  /** The Job's name. */
  readonly job: string;
  /** From 1. */
  readonly number: number;
  /** Name of its node. */
  readonly node: string;
  readonly image: string;
  /** Whether the node's kubelet keeps records of its pulls (KEP-2535). */
  readonly keepsRecords: boolean;
  readonly state: Exclude<PullState, { state: 'under way' }>;
  /** As which digests other nodes run the image, in a namespace or in any; looked up at most once. */
  elsewhere(namespace?: string): Promise<Elsewhere[]>;
}

/** What is known of an attempt, all but what is looked up. */
export type KnownAttempt = Omit<Attempt, 'elsewhere'>;

export function anAttempt({ cluster }: RestoreDeps, known: KnownAttempt): Attempt {
  const found = new Map<string, Promise<Elsewhere[]>>();
  const elsewhere = (namespace = '') => {
    const where = { nodeName: known.node, mostPods, ...(namespace !== '' && { namespace }) };
    const looked = found.get(namespace) ?? digestsElsewhere(cluster, known.image, where);
    found.set(namespace, looked);
    return looked;
  };
  return { ...known, elsewhere };
}

/**
 * The pods of a node that an attempt at an image is about: those that wait for it, and of those that run it already the ones
 * that it woke, and the one that asked for it, whose kubelet was quicker by the route.
 */
export async function podsConcerned(
  { cluster, config }: RestoreDeps,
  { node, image, uid }: Attempt,
  askedBy: string | undefined,
): Promise<{ waiting: Pod[]; started: Pod[] }> {
  const [waiting, started]: [Pod[], Pod[]] = [[], []];
  for await (const pod of cluster.listPods({ fields: `spec.nodeName=${node}` })) {
    if (isLeftAlone(pod, config)) continue;
    if (waitingFor(pod, image).length > 0) waiting.push(pod);
    else if (running(pod, image).length > 0 && (podName(pod) === askedBy || isWoken(pod, image, uid)))
      started.push(pod);
  }
  return { waiting, started };
}

/** Whether this attempt woke a pod. */
export function isWoken(pod: Pod, image: string, attempt: string): boolean {
  return lastWake(pod, image)?.attempt === attempt;
}
