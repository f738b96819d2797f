import type { Config } from '../config/config.ts';
import type { Pod } from '../pods/pod.ts';
import { marks } from './name.ts';
import { jobNameLabel } from './read.ts';
import { pullEnded } from './state.ts';

/** A pull that may load a mirror now. */
export interface UnderWay {
  readonly job: string;
  readonly nodeUid: string;
  /** Namespace of the pod that asked first: who uses the slots up. */
  readonly namespace: string;
}

export type Limits = Pick<Config, 'pullsAtOnce' | 'pullsPerNode' | 'rescuesPerNamespace'>;

/** The pull that a pull pod makes, or undefined where it has ended. A held route loads nobody. */
export function underWay(pullPod: Pod): UnderWay | undefined {
  const { labels, annotations } = pullPod.metadata;
  const job = labels?.[jobNameLabel];
  const nodeUid = labels?.[marks.node];
  const over = pullPod.status?.phase === 'Succeeded' || pullPod.status?.phase === 'Failed';
  if (job === undefined || nodeUid === undefined || over || pullEnded(pullPod) !== undefined) return undefined;
  return { job, nodeUid, namespace: annotations?.[marks.askedBy]?.split('/')[0] ?? '' };
}

/** Why one more pull has to wait, naming the variable; undefined: there is room. */
export function noSlot(pulls: readonly UnderWay[], wanted: Omit<UnderWay, 'job'>, limits: Limits): string | undefined {
  const perNode = pulls.filter(({ nodeUid }) => nodeUid === wanted.nodeUid).length;
  const perNamespace = pulls.filter(({ namespace }) => namespace === wanted.namespace).length;
  if (pulls.length >= limits.pullsAtOnce) return `${pulls.length} pulls are under way (PULLS_AT_ONCE)`;
  if (perNode >= limits.pullsPerNode) return `${perNode} pulls are under way on its node (PULLS_PER_NODE)`;
  if (perNamespace >= limits.rescuesPerNamespace) {
    return `${perNamespace} pulls are under way for namespace ${wanted.namespace} (RESCUES_PER_NAMESPACE)`;
  }
  return undefined;
}
