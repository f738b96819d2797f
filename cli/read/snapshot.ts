import type { ToldEvent } from '../../shared/cluster/kubernetes-events.ts';
import { isSkipped } from '../../shared/pods/left-alone.ts';
import { originalImages } from '../../shared/pods/originals.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { stuckContainers } from '../../shared/pods/stuck.ts';
import type { Job } from '../../shared/pulls/job.ts';
import { marks } from '../../shared/pulls/name.ts';
import { type Progress, readProgress } from '../../shared/pulls/progress.ts';
import { jobNameLabel } from '../../shared/pulls/read.ts';
import { hasBegun, pullEnded } from '../../shared/pulls/state.ts';
import { whyNotStarted } from '../../shared/pulls/why-not-started.ts';
import { causeOfStuck } from '../report/cause.ts';
import { blocked } from '../report/told.ts';
import { permissions } from './permissions.ts';
import type { OwnEvent, Reader } from './reader.ts';

/** What of a cluster a report is made of, read at one time. */
export interface Snapshot {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly pullNamespace: string;
  /** Undefined: all. */
  readonly namespace?: string;
  /** Those that wait for an image, that have a mirror's address, or that were told that nothing can be pulled for them. */
  readonly pods: readonly Pod[];
  readonly jobs: readonly Job[];
  /** By the names of their Jobs. */
  readonly pullPods: ReadonlyMap<string, Pod>;
  /** By UID of the pod that they are about, the oldest first. */
  readonly told: ReadonlyMap<string, readonly OwnEvent[]>;
  /** What the kubelet told of pods whose status does not say the cause (before Kubernetes 1.32), by their UIDs. */
  readonly kubelet: ReadonlyMap<string, readonly ToldEvent[]>;
  /** Of pulls under way, by the names of their Jobs. */
  readonly progress: ReadonlyMap<string, Progress>;
  /** Why pulls did not begin, by the names of their Jobs. */
  readonly notStarted: ReadonlyMap<string, string>;
  /** Namespaces whose label says to leave their pods alone. */
  readonly skipped: ReadonlySet<string>;
  /** What could not be read, and why. */
  readonly missing: readonly string[];
}

export interface Asked {
  readonly pullNamespace: string;
  readonly namespace?: string;
  /** Only this pod, by name, of that namespace. */
  readonly pod?: string;
}

/** More pulls and pods than this are not asked about one by one. */
const mostAsked = 20;
/** A pull pod starts within this, in milliseconds; sooner there is nothing to ask. */
const startsWithin = 5_000;

/** Reads it all. What the account may not read is left out and named; other errors are thrown. */
export async function takeSnapshot(reader: Reader, asked: Asked, now: number): Promise<Snapshot> {
  const { pullNamespace, namespace } = asked;
  const { permitted, missing } = permissions();
  const one = asked.pod === undefined ? undefined : await reader.readPod(namespace ?? 'default', asked.pod);
  const [jobs, pullPods, events] = await Promise.all([
    permitted('pulls are not shown', reader.pullJobs(pullNamespace), []),
    permitted("the pulls' results are not shown", podsByJob(reader, pullNamespace), new Map<string, Pod>()),
    permitted('what pods were told is not shown', reader.ownEvents(whose(namespace, one)), []),
  ]);
  const told = Map.groupBy(events, ({ podUid }) => podUid);
  const pods =
    asked.pod === undefined
      ? await permitted(
          'stuck pods are not shown; -n NAMESPACE asks for one namespace',
          concerned(reader, asked, told),
          [],
        )
      : one === undefined
        ? []
        : [one];
  const open = jobs.filter(({ metadata: { name } }) => {
    const pod = pullPods.get(name);
    return pod === undefined || pullEnded(pod) === undefined;
  });
  const begun = open.filter(({ metadata: { name } }) => hasBegunIn(pullPods, name));
  const late = open.filter(
    ({ metadata: { name, creationTimestamp } }) =>
      !hasBegunIn(pullPods, name) && now - Date.parse(creationTimestamp) > startsWithin,
  );
  const unclear = pods.filter((pod) => asked.pod !== undefined || isUnclear(pod));
  const namespaces = [...new Set(pods.map(({ metadata }) => metadata.namespace))];
  const [progress, notStarted, kubelet, skipped] = await Promise.all([
    collect(begun, async ({ metadata: { name } }) => {
      const pod = pullPods.get(name)?.metadata.name ?? '';
      // How much has come is nice to know and no more: without it nothing is said.
      const log = await reader.lastLines(pullNamespace, pod, 'registry').catch(() => '');
      return [name, readProgress(log)];
    }),
    collect(late, async (job) => {
      const why = whyNotStarted(reader, pullNamespace, job);
      return [job.metadata.name, (await permitted('why pulls do not start is not shown', why, '')) || undefined];
    }),
    collect(unclear, async ({ metadata: { namespace, uid } }) => {
      const events = permitted("the kubelet's Events are not shown", reader.eventsAbout(namespace, uid), []);
      return [uid, (await events).filter(({ from }) => from === 'kubelet')];
    }),
    collect(namespaces, async (name) => {
      const labels = permitted('labels of namespaces are not seen', reader.readNamespace(name), undefined);
      return [name, isSkipped(await labels) || undefined];
    }),
  ]);
  return {
    at: now,
    pullNamespace,
    ...(namespace !== undefined && { namespace }),
    pods,
    jobs,
    pullPods,
    told,
    kubelet,
    progress,
    notStarted,
    skipped: new Set(skipped.keys()),
    missing: missing(),
  };
}

function whose(namespace: string | undefined, pod: Pod | undefined): Parameters<Reader['ownEvents']>[0] {
  return {
    ...(namespace !== undefined && { namespace }),
    ...(pod !== undefined && { podUid: pod.metadata.uid }),
  };
}

async function podsByJob(reader: Reader, namespace: string): Promise<Map<string, Pod>> {
  const found = new Map<string, Pod>();
  for await (const pod of reader.listPods({ namespace, labels: `${marks.kind}=pull` })) {
    const job = pod.metadata.labels?.[jobNameLabel];
    if (job !== undefined) found.set(job, pod);
  }
  return found;
}

async function concerned(
  reader: Reader,
  { namespace, pullNamespace }: Asked,
  told: ReadonlyMap<string, readonly OwnEvent[]>,
): Promise<Pod[]> {
  const found: Pod[] = [];
  const fields = 'status.phase!=Succeeded,status.phase!=Failed';
  for await (const pod of reader.listPods({ fields, ...(namespace !== undefined && { namespace }) })) {
    if (pod.metadata.namespace === pullNamespace) continue;
    const patched = originalImages(pod).size > 0;
    if (patched || stuckContainers(pod).length > 0 || blocked(pod, told.get(pod.metadata.uid)) !== undefined)
      found.push(pod);
  }
  return found;
}

function isUnclear(pod: Pod): boolean {
  return stuckContainers(pod).some((stuck) => causeOfStuck(stuck).cause === 'unknown');
}

function hasBegunIn(pullPods: ReadonlyMap<string, Pod>, job: string): boolean {
  const pod = pullPods.get(job);
  return pod !== undefined && hasBegun(pod);
}

/** Asks about each, the first of them, and keeps those of which anything is known. */
async function collect<From, To>(
  from: readonly From[],
  ask: (one: From) => Promise<[string, To | undefined]>,
): Promise<Map<string, To>> {
  const answers = await Promise.all(from.slice(0, mostAsked).map(ask));
  return new Map(answers.flatMap(([name, to]) => (to === undefined ? [] : [[name, to]])));
}
