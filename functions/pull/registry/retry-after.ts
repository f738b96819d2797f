import type { IncomingHttpHeaders } from 'node:http';
import { longestRetryAfter } from '../../../shared/pulls/result.ts';

/**
 * For how many seconds a mirror asks to be left alone, at most a day: `Retry-After` (RFC 9110, section 10.2.3: seconds or
 * a date), or `X-Retry-After` (crproxy). Undefined where it does not say.
 *
 * @param now milliseconds since the epoch
 */
export function retryAfter(headers: IncomingHttpHeaders, now: number): number | undefined {
  for (const name of ['retry-after', 'x-retry-after']) {
    const seconds = secondsIn(String(headers[name] ?? '').trim(), now);
    if (seconds !== undefined) return Math.min(Math.max(Math.ceil(seconds), 0), longestRetryAfter);
  }
  return undefined;
}

function secondsIn(text: string, now: number): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  // Date.parse takes almost anything for a date.
  const at = / GMT$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : (at - now) / 1000;
}
