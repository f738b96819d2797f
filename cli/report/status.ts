import type { Snapshot } from '../read/snapshot.ts';
import { type MirrorReport, mirrorReports } from './mirrors.ts';
import { type PatchedReport, patchedReports } from './patched.ts';
import { type PullReport, pullReports, rfc3339 } from './pulls.ts';
import { type StuckReport, stuckReports } from './stuck.ts';

/** What `image-rescue status -o json` prints. Fields are only ever added; all times are RFC 3339. */
export interface StatusReport {
  readonly at: string;
  readonly pullNamespace: string;
  /** Absent: all. */
  readonly namespace?: string;
  /** Pods that wait for an image, one entry per image. */
  readonly stuck: readonly StuckReport[];
  readonly patched: readonly PatchedReport[];
  /** What is under way, what is held, what rests and what came, as long as it is remembered; the newest first. */
  readonly pulls: readonly PullReport[];
  readonly mirrors: readonly MirrorReport[];
  /** What could not be read, in words. */
  readonly missing: readonly string[];
}

/** Makes the report. With a namespace, the pulls are those that its pods asked for or wait for. */
export function statusReport(snapshot: Snapshot): StatusReport {
  const { at, pullNamespace, namespace, missing } = snapshot;
  const all = pullReports(snapshot);
  const byPod = [...snapshot.pods].sort(
    ({ metadata: a }, { metadata: b }) => a.namespace.localeCompare(b.namespace) || a.name.localeCompare(b.name),
  );
  const stuck = byPod.flatMap((pod) => stuckReports(pod, all, snapshot));
  // Each Job has the COOL_DOWN of its time.
  const coolDown = Math.max(0, ...snapshot.jobs.map(({ spec }) => spec.ttlSecondsAfterFinished ?? 0));
  const waitedFor = new Set(stuck.map(({ job }) => job));
  const pulls = all.filter(
    ({ askedBy, job }) => namespace === undefined || askedBy?.startsWith(`${namespace}/`) || waitedFor.has(job),
  );
  return {
    at: rfc3339(at),
    pullNamespace,
    ...(namespace !== undefined && { namespace }),
    stuck,
    patched: byPod.flatMap(patchedReports),
    pulls,
    mirrors: mirrorReports(all, coolDown, at),
    missing,
  };
}
