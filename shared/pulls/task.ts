import * as z from 'zod';
import type { Job } from './job.ts';

/** What a pull pod is told to do, as JSON in its environment variable TASK. Plain data: the node's side has no API token. */
export const taskSchema = z.object({
  /** The image's full name, `docker.io/library/nginx:1.27` or `…@sha256:…`. */
  image: z.string(),
  registry: z.string(),
  repository: z.string(),
  /** Tag or digest. */
  reference: z.string(),
  /** Where to ask, in this order. */
  mirrors: z.array(z.object({ scheme: z.enum(['http', 'https']), host: z.string(), repository: z.string() })),
  /** Whether two mirrors must agree on what a tag means. */
  verifyDigest: z.enum(['pinned', 'quorum']),
  /** As which digests other nodes run a tag on which mirrors must agree: another one is refused. */
  elsewhere: z.array(z.object({ node: z.string(), digest: z.string() })).exactOptional(),
  /** The container runtime's socket; absent: only look which mirror has the image. */
  socket: z.string().exactOptional(),
  /** Why only that, for people. */
  onlyPatch: z.string().exactOptional(),
  /** containerd's host configuration folder; absent: no route. */
  hostConfigFolder: z.string().exactOptional(),
  /**
   * Whether an image that is named gets the mirror's address as a second name: a kubelet that keeps records of its pulls
   * refuses the first while another pull of it is open (KEP-2535), and takes the second without any pull.
   */
  nameAddress: z.boolean().exactOptional(),
  /** The mirror's address under which kube-fledged was to have this node's kubelet pull it. */
  fledged: z.string().exactOptional(),
  /** Whether the mirrors may be given the credentials that the registry container finds in its Secret. */
  credentials: z.boolean().exactOptional(),
  /** Seconds for which the route stays up after the pull. */
  routeHold: z.number(),
  /** Seconds that the pull may take. */
  deadline: z.number(),
});

export type Task = z.infer<typeof taskSchema>;

/** What is left to do for the pod that only takes down what a crashed one left. */
export const cleanTaskSchema = z.object({ hostConfigFolder: z.string() });

/** The task that a pull Job was given, or undefined where it is not to be read. */
export function taskOf(job: Job): Task | undefined {
  const text = job.spec.template.spec.containers
    .flatMap(({ env = [] }) => env)
    .find(({ name }) => name === 'TASK')?.value;
  try {
    return taskSchema.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}
