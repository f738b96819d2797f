import type { IncomingMessage } from 'node:http';
import { withCredentials } from '../../../shared/pulls/result.ts';
import type { Task } from '../../../shared/pulls/task.ts';
import { type Answer, connectMirror, discard } from './connection.ts';
import { basic, type Keyring, without } from './credentials.ts';
import type { Network } from './guard.ts';
import { MirrorRefusal, oneLine } from './refusal.ts';
import { refusalOf } from './refusal-of.ts';
import { authorize } from './token.ts';

/** One mirror of one repository, asked by the OCI distribution API, pull side. */
export interface MirrorClient {
  /** As people know it: its host. */
  readonly name: string;
  /** Whether it wanted credentials, and was given them. */
  hadCredentials(): boolean;
  /** Any answer below 300, its body yet to come. Throws MirrorRefusal for any other, and where there is none. */
  get(path: string, headers: Record<string, string>): Promise<IncomingMessage>;
}

/** A mirror that does not begin to answer within this many milliseconds is passed over. */
const answerWithin = 20_000;
/** Milliseconds for a whole exchange that is not a layer's, its body included. */
const exchangeWithin = 60_000;

/** @param keyring credentials, for mirrors that want some; without it nobody is given any */
export function mirrorClient(
  { scheme, host, repository }: Task['mirrors'][number],
  network?: Network,
  keyring?: Keyring,
): MirrorClient {
  const address = new URL(`${scheme}://${host}`);
  const connection = connectMirror(address, network);
  const credentials = keyring?.(host, repository);
  const secrets = new Set(credentials && [credentials.password, basic(credentials).slice('Basic '.length)]);
  let authorization: string | undefined;

  async function ask(path: string, headers: Record<string, string>): Promise<Answer> {
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

  async function get(path: string, headers: Record<string, string>): Promise<IncomingMessage> {
    let { response, origin } = await ask(path, headers);
    // Another place that we were sent to must not say to whom the mirror's credentials go.
    if (response.statusCode === 401 && origin === address.origin) {
      discard(response);
      authorization = await authorize(response.headers['www-authenticate'] ?? '', address, connection, credentials);
      secrets.add(authorization.split(' ')[1] ?? '');
      ({ response, origin } = await ask(path, headers));
    }
    if (response.statusCode !== undefined && response.statusCode < 300) return response;
    throw await refusalOf(response);
  }

  return {
    name: host,
    hadCredentials: () => credentials !== undefined && authorization !== undefined,
    get: (path, headers) =>
      get(path, headers).catch((error: unknown) => {
        if (!(error instanceof MirrorRefusal)) throw error;
        const { message, outcome, retryAfter } = error;
        const whose = outcome === 'denied' && keyring !== undefined ? ` (${whoseFault()})` : '';
        throw new MirrorRefusal(`${without(secrets, message)}${whose}`, outcome, {
          ...(retryAfter !== undefined && { retryAfter }),
          cause: error.cause,
        });
      }),
  };

  function whoseFault(): string {
    if (credentials === undefined) return 'MIRROR_PULL_SECRET has no credentials for it';
    return authorization === undefined ? 'not given those of MIRROR_PULL_SECRET' : withCredentials;
  }
}

/** Where several addresses were tried, the first one's error stands for all. */
function networkReason(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return oneLine(first instanceof Error ? first.message || first.name : String(first));
}
