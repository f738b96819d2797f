import type { Passed, Tap } from '../cluster/knative/names.ts';
import type { Gate } from './gate.ts';
import type { KeptFunction } from './kept-function.ts';

/**
 * SIGKILLs a function at every step of its work, at each once: as it has received a kind of event, as the API server
 * has done something for it, and as it has answered. What it asked for is done, and neither it nor the broker knows.
 */
export function killAtEveryStep(process: KeptFunction, gate: Gate): { tap: Tap; deaths: string[] } {
  const deaths: string[] = [];
  const step = (what: string): 'pass' | 'lose' => {
    if (process.dying()) return 'lose';
    if (deaths.includes(what)) return 'pass';
    deaths.push(what);
    process.kill();
    return 'lose';
  };
  const kind = ({ event }: Passed) => `${event['type']} ${event['kind'] ?? ''}`.trim();
  gate.onAnswer = (what) => {
    // It asked for this and died of another step before it knew: that is a death at this one, too, and there may be no other.
    if (process.dying() && !deaths.includes(what)) deaths.push(what);
    return step(what);
  };
  const tap: Tap = {
    received: (passed) => void step(`received ${kind(passed)}`),
    answered: (passed) => step(`answered ${kind(passed)}${passed.reply === undefined ? '' : ` with ${passed.reply}`}`),
  };
  return { tap, deaths };
}
