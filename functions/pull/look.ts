import type { PullResult } from '../../shared/pulls/result.ts';
import { lastWords } from './last-words.ts';
import type { RegistrySide } from './talk.ts';

export interface LookDeps {
  /** Why nothing can be brought onto this node, for people. */
  readonly because: string;
  readonly registry: Pick<RegistrySide, 'find' | 'answers' | 'done'>;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
}

/** The pull container where the runtime must be left alone: finds the mirror whose address the pod can be given. */
export async function look({ because, registry, clock }: LookDeps): Promise<PullResult> {
  const begun = clock();
  const found = await registry.find();
  const said = await lastWords(registry, { hold: false });
  const rest = { ...said, already: false, milliseconds: Math.round(clock() - begun) };
  return 'error' in found ? { way: 'none', error: found.error, ...rest } : { way: 'patch', ...found, because, ...rest };
}
