import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { firstBytes } from './first-bytes.ts';
import { MirrorRefusal, oneLine } from './refusal.ts';
import { retryAfter } from './retry-after.ts';

/** Bytes of a refusal's body that are looked at. */
const firstOfBody = 4096;

/** What an answer that is no success says: its status, for how long to stay away, and its body's first line. */
export async function refusalOf(response: IncomingMessage): Promise<MirrorRefusal> {
  const status = response.statusCode ?? 0;
  const seconds = retryAfter(response.headers, Date.now());
  const { code, line } = said(await firstBytes(response, firstOfBody));
  const outcome = outcomeOf(status, code);
  // Others say so without meaning that they are busy.
  const rests = seconds !== undefined && (outcome === 'throttled' || outcome === 'down');
  const words = [
    [status, STATUS_CODES[status]].filter(Boolean).join(' '),
    rests ? `, asks to wait ${seconds} s` : '',
    line === '' ? '' : `: ${line}`,
  ];
  return new MirrorRefusal(words.join(''), outcome, rests ? { retryAfter: seconds } : {});
}

function outcomeOf(status: number, code: string): MirrorRefusal['outcome'] {
  if (status === 429 || code === 'TOOMANYREQUESTS') return 'throttled';
  if (status === 404 || status === 410) return 'not there';
  return status >= 500 ? 'down' : 'denied';
}

/** The first line of a body: registries answer {errors: [{code, message}]} (distribution spec, error codes). */
function said(text: string): { code: string; line: string } {
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown }[] };
    const [first] = errors ?? [];
    if (first !== undefined) {
      const [code = '', message = ''] = [first.code, first.message].map((part) =>
        typeof part === 'string' ? part : '',
      );
      return { code, line: oneLine(`${code} ${message}`) };
    }
  } catch {
    // not JSON: taken as it is
  }
  return { code: '', line: oneLine(text.trimStart().split('\n')[0] ?? '') };
}
