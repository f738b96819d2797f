import * as z from 'zod';
import { clean } from '../words/clean.ts';

/**
 * What became of asking a mirror: it has the image, has it not, does not give it (an allow-list, credentials), asks for
 * fewer requests, fails or cannot be reached, takes too long, or serves what it must not.
 */
export const outcomes = ['has it', 'not there', 'denied', 'throttled', 'down', 'slow', 'wrong'] as const;
export type Outcome = (typeof outcomes)[number];

/** In the answer of a mirror that was given credentials, and refused all the same. */
export const withCredentials = 'with those of MIRROR_PULL_SECRET';

/** The longest time, in seconds, for which a mirror is taken at its word. */
export const longestRetryAfter = 86_400;

const answerSchema = z.object({
  /** Its host. */
  mirror: z.string(),
  /** For people: `has it`, `404 Not Found: …`. */
  answer: z.string(),
  /** The last of what became of it. */
  outcome: z.enum(outcomes).exactOptional(),
  /** Seconds from the pull's end for which it asked to be left alone. */
  retryAfter: z.number().exactOptional(),
});

export type MirrorAnswer = z.infer<typeof answerSchema>;

/** How an image came back, and what every mirror said. */
export const resultSchema = z.object({
  /**
   * By a route in the host configuration folder (it is up now), by naming it, not onto the node but by an address at a
   * mirror that has it, or not at all.
   */
  way: z.enum(['route', 'name', 'patch', 'none']),
  /** True where the node had the reference already, so that nothing was pulled and nothing repointed. */
  already: z.boolean(),
  /** Host of the mirror that helped. */
  mirror: z.string().exactOptional(),
  /** Digest of what the reference means on the node now. */
  digest: z.string().exactOptional(),
  milliseconds: z.number(),
  /** What every mirror that was asked said. */
  answers: z.array(answerSchema),
  /** A mirror's address that the image has as a second name on the node now. */
  address: z.string().exactOptional(),
  /** The mirror's address under which this node's kubelet has pulled it for kube-fledged. */
  fledged: z.string().exactOptional(),
  /** Whether that mirror gave it for the credentials of MIRROR_PULL_SECRET only. */
  credentials: z.boolean().exactOptional(),
  /** What is wrong with that Secret, for people. */
  secret: z.string().exactOptional(),
  /** Why the way is `patch`, for people. */
  because: z.string().exactOptional(),
  /** Why it failed, for people. */
  error: z.string().exactOptional(),
});

export type PullResult = z.infer<typeof resultSchema>;

/** Kubernetes keeps this many bytes of a termination message. */
const longestMessage = 4096;

/** The termination message of a pull container, answers cut until it fits. */
export function writeResult(result: PullResult): string {
  for (let longest = 1000; ; longest = Math.floor(longest / 2)) {
    const cut = (text: string) => clean(text, longest);
    const text = JSON.stringify({
      ...result,
      answers: result.answers.map((one) => ({ ...one, answer: cut(one.answer) })),
      ...(result.error !== undefined && { error: cut(result.error) }),
    });
    if (Buffer.byteLength(text) <= longestMessage || longest === 0) return text;
  }
}

/** The result in a termination message, or undefined where the container left none. */
export function readResult(message: string | undefined): PullResult | undefined {
  try {
    const parsed = resultSchema.safeParse(JSON.parse(message ?? ''));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
