import { bareWords } from './bare-words.ts';
import type { Helps, Rule } from './rule.ts';
import { rules } from './rules.ts';

/** Why an image cannot be pulled, and what that means for a rescue. */
export interface Cause {
  /** Short and stable: `rate-limited`, `not-found`; `unknown` where nothing tells. */
  readonly cause: string;
  readonly helps: Helps;
  /** A clause that follows a colon, in words of ours: what is wrong and, for 'no' and 'never', what a person has to do. */
  readonly advice: string;
}

/** What is known of a failed pull. */
export interface Failure {
  /** The container's waiting reason, or the Event's reason. */
  readonly reason: string;
  /** The kubelet's words. A kubelet before 1.32 says no cause in a back-off: the outcome is `unknown`, a 'maybe'. */
  readonly message: string;
  /** As the node tells it (`cri-o://1.34.0`), where it is known. */
  readonly runtime?: string;
}

export const unknownCause: Cause = { cause: 'unknown', helps: 'maybe', advice: 'why its pull fails is not known' };
const refusedByCrio: Cause | undefined = rules.find(({ cause }) => cause === 'registry-unavailable');

const compiled = rules.map((rule) => ({ rule, says: pattern(rule) }));

/** Classifies a failed pull by what its message means, whoever said it. Never throws; the first of `rules` that fits. */
export function classify({ reason, message, runtime }: Failure): Cause {
  const readings = bareWords(message);
  const found = compiled.find(
    ({ rule, says }) => rule.reasons?.includes(reason) || readings.some((text) => says?.test(text)),
  );
  if (found === undefined) return unknownCause;
  const { cause, helps, advice } =
    found.rule.cause === 'connection-refused' && runtime?.startsWith('cri-o') && refusedByCrio !== undefined
      ? refusedByCrio
      : found.rule;
  return { cause, helps, advice };
}

/** The phrases are written with spaces for people; texts have none (bare-words.ts). */
function pattern({ says }: Rule): RegExp | undefined {
  return says && new RegExp(says.join('|').replaceAll(' ', ''));
}
