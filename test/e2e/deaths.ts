import type { Tap } from '../cluster/knative/names.ts';
import type { FunctionProcess } from './function-processes.ts';
import type { Gate } from './gate.ts';

/**
 * SIGKILLs a function at every step of its work, one step further in each life: as it has received an event, after the
 * API server has done the first thing that it asked for, the second, and so on, and at last when it has answered. What
 * it asked for is done, and nobody knows. Then it lives.
 */
export function killAtEveryStep(process: FunctionProcess, gate: Gate): { tap: Tap; deaths: string[] } {
  const deaths: string[] = [];
  let life = 0;
  let steps = 0;
  let immortal = false;

  function die(when: string): 'lose' {
    deaths.push(when);
    process.kill();
    return 'lose';
  }
  /** Steps count within a life. */
  function step(): number {
    if (life !== process.lives()) {
      life = process.lives();
      steps = 0;
    }
    return ++steps;
  }

  gate.onAnswer = (what) => {
    if (process.dead()) return 'lose';
    return !immortal && process.lives() > 1 && step() === process.lives() - 1 ? die(what) : 'pass';
  };
  const tap: Tap = {
    received: () => {
      if (process.lives() === 1 && !process.dead()) die('received');
    },
    answered: () => {
      if (process.dead()) return 'lose';
      if (immortal) return 'pass';
      immortal = true;
      return die('answered');
    },
  };
  return { tap, deaths };
}
