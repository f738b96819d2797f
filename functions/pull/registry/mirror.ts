import type { Task } from '../../../shared/pulls/task.ts';
import { firstBytes } from './first-bytes.ts';
import { MirrorRefusal, oneLine } from './refusal.ts';
import { fetchToken } from './token.ts';

/** One mirror of one repository, asked by the OCI distribution API, pull side. */
export interface MirrorClient {
  /** As people know it: its host. */
  readonly name: string;
  /** Any answer below 300. Throws MirrorRefusal for any other, and where there is none. */
  get(path: string, headers: Record<string, string>): Promise<Response>;
}

/** A mirror that does not begin to answer within this many milliseconds is passed over. */
const answerWithin = 20_000;
/** Milliseconds for a whole exchange that is not a layer's, its body included. */
const exchangeWithin = 60_000;

export function mirrorClient({ scheme, host, repository }: Task['mirrors'][number]): MirrorClient {
  let authorization: string | undefined;

  async function ask(path: string, headers: Record<string, string>): Promise<Response> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), answerWithin);
    // A layer takes as long as it takes; everything else is small.
    const signal = path.startsWith('blobs/')
      ? patience.signal
      : AbortSignal.any([patience.signal, AbortSignal.timeout(exchangeWithin)]);
    try {
      const all = { ...headers, 'accept-encoding': 'identity', ...(authorization !== undefined && { authorization }) };
      const response = await fetch(`${scheme}://${host}/v2/${repository}/${path}`, { headers: all, signal });
      if (scheme === 'https' && !response.url.startsWith('https:')) {
        await response.body?.cancel();
        throw new MirrorRefusal('redirects to a place without TLS');
      }
      return response;
    } catch (error) {
      if (error instanceof MirrorRefusal) throw error;
      throw new MirrorRefusal(signal.aborted ? `no answer within ${answerWithin / 1000} s` : networkReason(error));
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    name: host,
    async get(path, headers) {
      let response = await ask(path, headers);
      const challenge = response.status === 401 ? response.headers.get('www-authenticate') : null;
      if (challenge !== null) {
        await response.body?.cancel();
        authorization = await fetchToken(challenge, scheme);
        response = await ask(path, headers);
      }
      if (response.status < 300) return response;
      throw new MirrorRefusal(`${response.status} ${response.statusText}${await said(response)}`.trim());
    },
  };
}

/** What a refusal's body says, at most its first line: registries answer {errors: [{code, message}]}. */
async function said(response: Response): Promise<string> {
  const text = await firstBytes(response, 4096);
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown }[] };
    const [first] = errors ?? [];
    if (first !== undefined)
      return `: ${oneLine([first.code, first.message].filter((part) => typeof part === 'string').join(' '))}`;
  } catch {
    // not JSON: taken as it is
  }
  const line = oneLine(text.split('\n')[0] ?? '');
  return line === '' ? '' : `: ${line}`;
}

/** fetch hides what happened in `cause`. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return oneLine(cause instanceof Error ? cause.message || cause.name : String(cause));
}
