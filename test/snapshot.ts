import type { OwnEvent } from '../cli/read/reader.ts';
import type { Snapshot } from '../cli/read/snapshot.ts';
import { readConfig } from '../shared/config/config.ts';
import { parseReference } from '../shared/images/reference.ts';
import { askableMirrors } from '../shared/images/rules.ts';
import type { Pod } from '../shared/pods/pod.ts';
import { type Job, jobSchema } from '../shared/pulls/job.ts';
import { pullJob } from '../shared/pulls/pull-job.ts';
import { jobNameLabel } from '../shared/pulls/read.ts';
import { type PullResult, writeResult } from '../shared/pulls/result.ts';
import { routeIsDown } from '../shared/pulls/state.ts';
import { aPod } from './builders.ts';

/** When everything in these tests is looked at. */
export const now = Date.parse('2026-03-01T12:00:00Z');
/** Seconds before that, RFC 3339. */
export const before = (seconds: number) => new Date(now - seconds * 1000).toISOString();

const config = readConfig({ DOCKER_PROXY_URL: 'm.example,n.example', COOL_DOWN: '600', ROUTE_HOLD: '330' });
const node = {
  name: 'node1',
  uid: 'u1',
  runtime: 'containerd://2.2.3',
  kubelet: 'v1.36.3',
  system: 'linux',
  labels: {},
};
const paths = { socket: '/run/containerd/containerd.sock', hostConfigFolder: '/etc/containerd/certs.d' };

/** What a test says about one pull. */
export interface PullParts {
  readonly image?: string;
  readonly nodeName?: string;
  readonly attempt?: number;
  readonly askedBy?: string;
  /** Seconds ago. */
  readonly created?: number;
  /** Absent: its pod has not begun. */
  readonly begun?: boolean;
  /** Its pull container's end; seconds ago. */
  readonly ended?: number;
  readonly result?: Partial<PullResult>;
  /** Whether the registry container runs still. */
  readonly held?: boolean;
  /** The Job failed without a pod. */
  readonly failed?: string;
}

/** A pull as submit-cache makes it, and its pod as the kubelet shows it. */
export function aPull(parts: PullParts = {}): { job: Job; pod: Pod | undefined } {
  const image = parseReference(parts.image ?? 'docker.io/library/demo:1');
  const mirrors = image && askableMirrors(image, config.rules);
  if (image === undefined || mirrors === undefined || 'refused' in mirrors) throw new Error('no image for a test');
  const order = { image, mirrors, node, paths, attempt: parts.attempt ?? 1, askedBy: parts.askedBy ?? 'default/web-1' };
  const made = pullJob(order, { ...config, program: 'program' });
  const name = made.metadata.name;
  const nodeName = parts.nodeName ?? 'node1';
  const job = jobSchema.parse({
    ...made,
    metadata: { ...made.metadata, uid: `uid-${name}`, creationTimestamp: before(parts.created ?? 60) },
    spec: { ...made.spec, template: { spec: { ...made.spec.template.spec, nodeName } } },
    ...(parts.failed !== undefined && {
      status: {
        conditions: [
          { type: 'Failed', status: 'True', reason: parts.failed, lastTransitionTime: before(parts.ended ?? 10) },
        ],
      },
    }),
  });
  if (parts.failed !== undefined) return { job, pod: undefined };
  const pod = aPod({
    metadata: {
      name: `${name}-x`,
      namespace: 'image-rescue-pull',
      labels: { ...job.metadata.labels, [jobNameLabel]: name },
    },
    containers: [{ name: 'registry' }, { name: 'pull' }],
    nodeName,
    phase: 'Running',
  });
  const begun = parts.begun ?? parts.result !== undefined;
  const finishedAt = before(parts.ended ?? 10);
  const message =
    parts.result && writeResult({ way: 'route', already: false, milliseconds: 1900, answers: [], ...parts.result });
  const ends = { exitCode: 0, finishedAt };
  pod.status = {
    phase: begun ? 'Running' : 'Pending',
    containerStatuses: [
      {
        name: 'registry',
        state: !begun ? {} : parts.held === false ? { terminated: { ...ends, message: routeIsDown } } : { running: {} },
      },
      {
        name: 'pull',
        state: !begun ? {} : message === undefined ? { running: {} } : { terminated: { ...ends, message } },
      },
    ],
  };
  return { job, pod };
}

/** A snapshot of which a test names only what it is about. */
export function aSnapshot(parts: Partial<Snapshot> & { pulls?: ReturnType<typeof aPull>[] } = {}): Snapshot {
  const { pulls = [], ...rest } = parts;
  return {
    at: now,
    pullNamespace: 'image-rescue-pull',
    pods: [],
    jobs: pulls.map(({ job }) => job),
    pullPods: new Map(pulls.flatMap(({ job, pod }) => (pod === undefined ? [] : [[job.metadata.name, pod]]))),
    told: new Map(),
    kubelet: new Map(),
    progress: new Map(),
    notStarted: new Map(),
    skipped: new Set(),
    missing: [],
    ...rest,
  };
}

/** An Event of ours on the pod of `aPod`; `at` in seconds before now. */
export function anEvent(reason: string, message: string, at = 30): OwnEvent {
  return { podUid: 'uid-web-1', type: 'Normal', reason, message, count: 1, at: now - at * 1000 };
}
