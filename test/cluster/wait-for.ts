import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls `check` every 50 ms until it returns something other than undefined or false; that is returned. A check that
 * throws counts as "not yet". After `timeoutMs` throws an error that names what was waited for and the last failure.
 */
export async function waitFor<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs: number,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value !== undefined && value !== false) return value;
      last = undefined;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause: last });
    await sleep(50);
  }
}

/** Thrown by a check to end the waiting: what is waited for cannot come any more. */
export class Hopeless extends Error {
  override name = 'Hopeless';
}
