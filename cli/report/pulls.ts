import type { Pod } from '../../shared/pods/pod.ts';
import type { Job } from '../../shared/pulls/job.ts';
import { attemptOf, marks } from '../../shared/pulls/name.ts';
import type { Progress } from '../../shared/pulls/progress.ts';
import type { MirrorAnswer, PullResult } from '../../shared/pulls/result.ts';
import { hasBegun, leftItsRoute, pullState } from '../../shared/pulls/state.ts';
import { type Task, taskOf } from '../../shared/pulls/task.ts';
import { clean } from '../../shared/words/clean.ts';
import type { Snapshot } from '../read/snapshot.ts';

/** One attempt at one image on one node, as long as its Job is remembered (COOL_DOWN). Times are RFC 3339. */
export interface PullReport {
  readonly job: string;
  readonly image: string;
  readonly node: string;
  /** From 1. */
  readonly attempt: number;
  /** `namespace/name` of the pod that asked first. */
  readonly askedBy?: string;
  readonly created: string;
  /** In the order in which they are asked. */
  readonly mirrors: readonly string[];
  readonly state: 'starting' | 'fetching' | 'came' | 'failed';
  /** While it is under way: when it ends at the latest. */
  readonly latest?: string;
  /** While it is under way: how much has come, where its log can be read and says so. */
  readonly progress?: Progress;
  readonly ended?: string;
  /** How long the pull took. */
  readonly seconds?: number;
  /** How it came: `route`, `name`, or `patch`: not onto the node, a pod has to name a mirror's address. */
  readonly way?: 'route' | 'name' | 'patch';
  /** The node had it already. */
  readonly already?: boolean;
  readonly mirror?: string;
  readonly digest?: string;
  /** Why it failed, or has not started yet. */
  readonly why?: string;
  /** What every mirror that was asked said. */
  readonly answers: readonly MirrorAnswer[];
  /** A route to this registry is held until then, at the latest. */
  readonly route?: { readonly registry: string; readonly until: string };
  /** Its pod ended without taking its route down. */
  readonly routeLeft?: boolean;
  /** The image is not fetched again on this node before. */
  readonly restsUntil?: string;
}

export const rfc3339 = (at: number) => new Date(at).toISOString();

/** All of them, the newest first. */
export function pullReports(snapshot: Snapshot): PullReport[] {
  return snapshot.jobs
    .flatMap((job) => pullReport(job, snapshot.pullPods.get(job.metadata.name), snapshot) ?? [])
    .sort((a, b) => Date.parse(b.created) - Date.parse(a.created) || a.job.localeCompare(b.job));
}

type Known = Pick<Snapshot, 'at' | 'progress' | 'notStarted'>;

function pullReport(job: Job, pod: Pod | undefined, { at: now, progress, notStarted }: Known): PullReport | undefined {
  const { name, annotations, creationTimestamp } = job.metadata;
  const image = annotations?.[marks.image];
  const node = job.spec.template.spec.nodeName;
  if (image === undefined || node === undefined) return undefined;
  const task = taskOf(job);
  const askedBy = annotations?.[marks.askedBy];
  const known = {
    job: name,
    image,
    node,
    attempt: attemptOf(annotations).number,
    ...(askedBy !== undefined && { askedBy: clean(askedBy) }),
    created: rfc3339(Date.parse(creationTimestamp)),
    mirrors: task?.mirrors.map(({ host }) => host) ?? [],
    ...(pod !== undefined && leftItsRoute(pod) && { routeLeft: true }),
  };
  const said = notStarted.get(name);
  const state = pullState(job, pod, startDeadline(job, task), now);
  if (state.state === 'under way') {
    const fetching = pod !== undefined && hasBegun(pod);
    const come = progress.get(name);
    return {
      ...known,
      state: fetching ? 'fetching' : 'starting',
      ...latest(job, task),
      ...(come !== undefined && { progress: come }),
      ...(said !== undefined && { why: clean(said) }),
      answers: [],
    };
  }
  const rests = state.at + (job.spec.ttlSecondsAfterFinished ?? 0) * 1000;
  const end = {
    ...known,
    ...(state.at > 0 && { ended: rfc3339(state.at) }),
  };
  const restsUntil = rests > now && { restsUntil: rfc3339(rests) };
  if (state.state === 'failed')
    return {
      ...end,
      state: 'failed',
      ...restsUntil,
      why: clean([state.why, said].filter(Boolean).join('. ')),
      answers: [],
    };
  const result = resultReport(state.result);
  if (state.result.way === 'none') return { ...end, ...result, ...restsUntil, state: 'failed' };
  const route =
    state.routeIsUp && task !== undefined
      ? { route: { registry: task.registry, until: rfc3339(state.at + task.routeHold * 1000) } }
      : {};
  return { ...end, ...result, state: 'came', way: state.result.way, ...route };
}

function resultReport({ already, mirror, digest, milliseconds, answers, error, because }: PullResult) {
  const why = error ?? because;
  return {
    seconds: milliseconds / 1000,
    ...(already && { already }),
    ...(mirror !== undefined && { mirror }),
    ...(digest !== undefined && { digest }),
    ...(why !== undefined && { why: clean(why) }),
    answers: answers.map((one) => ({ ...one, mirror: clean(one.mirror), answer: clean(one.answer) })),
  };
}

/** Seconds; what the Job's own deadline has beyond the pull and the route (pull-job.ts). */
function startDeadline({ spec }: Job, task: Task | undefined): number {
  if (spec.activeDeadlineSeconds === undefined || task === undefined) return Number.POSITIVE_INFINITY;
  return spec.activeDeadlineSeconds - task.deadline - task.routeHold;
}

function latest({ spec, metadata }: Job, task: Task | undefined): { latest?: string } {
  if (spec.activeDeadlineSeconds === undefined) return {};
  const seconds = spec.activeDeadlineSeconds - (task?.routeHold ?? 0);
  return { latest: rfc3339(Date.parse(metadata.creationTimestamp) + seconds * 1000) };
}
