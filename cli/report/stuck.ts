import { isSkipped } from '../../shared/pods/left-alone.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { allStatuses, type StuckContainer, stuckContainers, wantedImage } from '../../shared/pods/stuck.ts';
import { lastWake } from '../../shared/pods/wake.ts';
import { clean } from '../../shared/words/clean.ts';
import type { Snapshot } from '../read/snapshot.ts';
import { causeOfStuck, type KnownCause } from './cause.ts';
import { type Next, type Situation, whatNext } from './next.ts';
import { type PullReport, rfc3339 } from './pulls.ts';
import { type StuckState, stuckState } from './state.ts';
import { blocked, lastTold } from './told.ts';

/** One image that a pod waits for. */
export interface StuckReport {
  readonly namespace: string;
  readonly pod: string;
  readonly node?: string;
  /** The pod's creation, RFC 3339. */
  readonly created?: string;
  /** Its full name, whatever address a mirror gave it; absent where the pod is blocked. */
  readonly image?: string;
  readonly containers: readonly string[];
  /** The kubelet's waiting reason. */
  readonly reason: string;
  /** Short and stable: `not-found`, `dns`, `unknown`. */
  readonly cause: string;
  readonly helps: KnownCause['helps'];
  /** What is wrong and, where no mirror helps, what to do. */
  readonly why: string;
  /** The kubelet's own words, cleaned. */
  readonly words: string;
  readonly state: StuckState;
  /** The Job of the pull that counts. */
  readonly job?: string;
  readonly next: Next;
}

/** Of one pod: an entry per image that it waits for; one without an image where it is blocked. */
export function stuckReports(pod: Pod, pulls: readonly PullReport[], snapshot: Snapshot): StuckReport[] {
  const events = snapshot.told.get(pod.metadata.uid) ?? [];
  const isBlocked = blocked(pod, events);
  const byImage = Map.groupBy(stuckContainers(pod), wantedImage);
  if (byImage.size === 0 && isBlocked !== undefined) return [blockedReport(pod, isBlocked, snapshot.at)];
  return [...byImage].map(([image, containers]) => {
    const [first] = containers as [StuckContainer, ...StuckContainer[]];
    const causes = containers.map((one) => causeOfStuck(one, snapshot.kubelet.get(pod.metadata.uid)));
    const cause = causes.find(({ cause }) => cause !== 'unknown') ?? (causes[0] as KnownCause);
    const pull = pulls.find((one) => one.image === image && one.node === pod.spec.nodeName);
    const told = lastTold(events, image);
    const skipped = isSkipped(pod.metadata.annotations) || snapshot.skipped.has(pod.metadata.namespace);
    const state = stuckState(containers, cause, pull, told, skipped);
    const situation: Situation = {
      state,
      cause,
      ...(pull !== undefined && { pull }),
      wake: lastWake(pod, image),
      onlyAlways: containers.every(({ pullPolicy }) => pullPolicy === 'Always'),
      age: snapshot.at - Date.parse(pod.metadata.creationTimestamp ?? ''),
      now: snapshot.at,
    };
    const why = state === 'refused' && cause.helps !== 'no' && cause.helps !== 'never' ? told?.why : undefined;
    return {
      ...about(pod),
      image: clean(image),
      containers: containers.map(({ container }) => container),
      reason: first.reason,
      cause: cause.cause,
      helps: cause.helps,
      why: why === undefined ? cause.advice : clean(why),
      words: clean(cause.words),
      state,
      ...(pull !== undefined && { job: pull.job }),
      next: whatNext(situation),
    };
  });
}

function blockedReport(pod: Pod, why: string, now: number): StuckReport {
  const statuses = allStatuses(pod);
  return {
    ...about(pod),
    containers: statuses.map(({ name }) => name),
    reason: statuses[0]?.state?.waiting?.reason ?? 'ContainerCreating',
    cause: 'blocked',
    helps: 'no',
    why: clean(why),
    words: '',
    state: 'blocked',
    next: whatNext({ state: 'blocked', wake: undefined, onlyAlways: false, age: 0, now }),
  };
}

function about({ metadata: { namespace, name, creationTimestamp }, spec: { nodeName } }: Pod) {
  return {
    namespace,
    pod: name,
    ...(nodeName !== undefined && { node: nodeName }),
    ...(creationTimestamp != null && { created: rfc3339(Date.parse(creationTimestamp)) }),
  };
}
