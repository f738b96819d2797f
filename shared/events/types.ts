import * as z from 'zod';

/** CloudEvent types, one place for all; design notes: README, "How it works". */
export const eventTypes = {
  resourceAdded: 'dev.knative.apiserver.resource.add',
  resourceUpdated: 'dev.knative.apiserver.resource.update',
  imageStuck: 'dev.image-rescue.image.stuck',
  pullsDecided: 'dev.image-rescue.pulls.decided',
  routeLeft: 'dev.image-rescue.route.left',
  cacheLeft: 'dev.image-rescue.cache.left',
  podWaits: 'dev.image-rescue.pod.waits',
  imageRestored: 'dev.image-rescue.image.restored',
  rescueFailed: 'dev.image-rescue.rescue.failed',
  ping: 'dev.knative.sources.ping',
} as const;

/**
 * The extension that tells the source of our own Jobs and pods from the source of everybody's pods: all ApiServerSources
 * of a cluster send the same `source`, so one of them carries this through `spec.ceOverrides.extensions`.
 */
export const ownPullsExtension = { name: 'rescuesource', value: 'pulls' } as const;

const podIdentity = z.object({ namespace: z.string(), name: z.string(), uid: z.string() });

/** A pod that is identified beyond doubt: a successor of the same name has another uid. */
export type PodIdentity = z.infer<typeof podIdentity>;

/** Data of image.stuck: where to look. Images and reasons are hints for people; submit-cache reads the pod itself. */
export const imageStuckSchema = z.object({
  pod: podIdentity,
  images: z.array(z.object({ container: z.string(), image: z.string(), reason: z.string() })),
});
export type ImageStuck = z.infer<typeof imageStuckSchema>;

const decision = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('submitted'),
    job: z.string(),
    mirrors: z.array(z.string()),
    /** The ImageCache that kube-fledged is given first; the Job comes after it. */
    cache: z.string().exactOptional(),
    /** How kube-fledged ended, which was asked first; for people. */
    fledged: z.string().exactOptional(),
  }),
  z.object({
    state: z.literal('under way'),
    job: z.string(),
    since: z.string(),
    /** The ImageCache that it is still about, and how far that is. */
    cache: z.object({ name: z.string(), why: z.string() }).exactOptional(),
  }),
  z.object({ state: z.literal('ready'), job: z.string() }),
  z.object({ state: z.literal('resting'), job: z.string(), until: z.string() }),
  z.object({ state: z.literal('refused'), why: z.string() }),
  z.object({ state: z.literal('patch'), to: z.string() }),
  /** Hosts; with `patch`, of the address that the pod would be given. */
  z.object({ state: z.literal('dry run'), mirrors: z.array(z.string()), patch: z.boolean().exactOptional() }),
]);

/** Data of pulls.decided: per image of one pod, what submit-cache did about it. Times are RFC 3339. */
export const pullsDecidedSchema = z.object({
  pod: podIdentity,
  images: z.array(z.object({ image: z.string(), decision })),
});
export type PullsDecided = z.infer<typeof pullsDecidedSchema>;
export type Decision = z.infer<typeof decision>;

/** Data of route.left: a pull pod that ended without taking its route down. */
export const routeLeftSchema = z.object({ pullPod: z.string(), uid: z.string(), nodeName: z.string() });
export type RouteLeft = z.infer<typeof routeLeftSchema>;

/** Data of cache.left: an ImageCache of ours of which nothing more is to come. */
export const cacheLeftSchema = z.object({ name: z.string() });
export type CacheLeft = z.infer<typeof cacheLeftSchema>;

/** Data of pod.waits: a pod that is not stuck on an image and yet has not begun for a long time. */
export const podWaitsSchema = z.object({ pod: podIdentity });
export type PodWaits = z.infer<typeof podWaitsSchema>;

/** Data of a ping: how much a sweep looks at. */
export const sweepScopeSchema = z.object({ scope: z.enum(['waiting', 'full']) });
export type SweepScope = z.infer<typeof sweepScopeSchema>['scope'];

/** Data of image.restored and rescue.failed, for whoever listens. */
export interface RescueReport {
  readonly image: string;
  readonly node: string;
  readonly way: string;
  readonly mirror?: string;
  readonly digest?: string;
  readonly seconds?: number;
  readonly pods: readonly string[];
  readonly answers: readonly { mirror: string; answer: string }[];
  readonly error?: string;
}
