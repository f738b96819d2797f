import type { PullResult } from '../../shared/pulls/result.ts';
import type { RegistrySide } from './talk.ts';

/** Ends the conversation with the registry container; what it says last belongs to every result. Never throws. */
export async function lastWords(
  registry: Pick<RegistrySide, 'answers' | 'done'>,
  how: { hold: boolean },
): Promise<Pick<PullResult, 'answers' | 'secret'>> {
  const answers = await registry.answers().catch(() => []);
  const { secret } = await registry.done(how).catch((): { secret?: string } => ({}));
  return { answers, ...(secret !== undefined && { secret }) };
}
