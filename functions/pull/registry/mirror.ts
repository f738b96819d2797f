import type { IncomingMessage } from 'node:http';
import type { Task } from '../../../shared/pulls/task.ts';
import { connectMirror, discard } from './connection.ts';
import type { Network } from './guard.ts';
import { MirrorRefusal, oneLine } from './refusal.ts';
import { refusalOf } from './refusal-of.ts';
import { fetchToken } from './token.ts';

/** One mirror of one repository, asked by the OCI distribution API, pull side. */
export interface MirrorClient {
  /** As people know it: its host. */
  readonly name: string;
  /** Any answer below 300, its body yet to come. Throws MirrorRefusal for any other, and where there is none. */
  get(path: string, headers: Record<string, string>): Promise<IncomingMessage>;
}

/** A mirror that does not begin to answer within this many milliseconds is passed over. */
const answerWithin = 20_000;
/** Milliseconds for a whole exchange that is not a layer's, its body included. */
const exchangeWithin = 60_000;

export function mirrorClient({ scheme, host, repository }: Task['mirrors'][number], network?: Network): MirrorClient {
  const connection = connectMirror(new URL(`${scheme}://${host}`), network);
  let authorization: string | undefined;

  async function ask(path: string, headers: Record<string, string>): Promise<IncomingMessage> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), answerWithin);
    // A layer takes as long as it takes; everything else is small.
    const signal = path.startsWith('blobs/')
      ? patience.signal
      : AbortSignal.any([patience.signal, AbortSignal.timeout(exchangeWithin)]);
    try {
      const all = { ...headers, ...(authorization !== undefined && { authorization }) };
      return await connection.ask(`/v2/${repository}/${path}`, all, signal);
    } catch (error) {
      if (error instanceof MirrorRefusal) throw error;
      if (signal.aborted) throw new MirrorRefusal(`no answer within ${answerWithin / 1000} s`, 'slow');
      throw new MirrorRefusal(networkReason(error), 'down', { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    name: host,
    async get(path, headers) {
      let response = await ask(path, headers);
      if (response.statusCode === 401) {
        discard(response);
        authorization = await fetchToken(response.headers['www-authenticate'] ?? '', connection);
        response = await ask(path, headers);
      }
      if (response.statusCode !== undefined && response.statusCode < 300) return response;
      throw await refusalOf(response);
    },
  };
}

/** Where several addresses were tried, the first one's error stands for all. */
function networkReason(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return oneLine(first instanceof Error ? first.message || first.name : String(first));
}
