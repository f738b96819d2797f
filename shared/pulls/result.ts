import * as z from 'zod';
import { clean } from '../words/clean.ts';

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
  /** What every mirror that was asked said: `has it`, `404 Not Found: …`. */
  answers: z.array(z.object({ mirror: z.string(), answer: z.string() })),
  /** A mirror's address that the image has as a second name on the node now. */
  address: z.string().exactOptional(),
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
      answers: result.answers.map(({ mirror, answer }) => ({ mirror, answer: cut(answer) })),
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
