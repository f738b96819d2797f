import type { IncomingMessage } from 'node:http';
import { hashLike } from './digest.ts';
import type { MirrorClient } from './mirror.ts';
import { MirrorRefusal } from './refusal.ts';

export interface Blob {
  /** Bytes of the whole blob. */
  readonly size: number;
  /** Its bytes from `start` on. Ends with an error if they are not what the digest says. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Ends the connection over which it comes, if it has not all come. */
  close(): void;
}

/** Where the rest of a blob is had. */
export interface Source {
  /** Begins to fetch it from an offset on. */
  open(offset: number): Promise<{ got: Blob; mirror: MirrorClient }>;
  /** The mirror has failed: it is asked last from now on. */
  failed(mirror: MirrorClient, problem: MirrorRefusal): void;
}

const surplus = 'sent more than it said';

/** Begins to fetch a blob from byte `start` on. Throws MirrorRefusal. */
export async function openBlob(mirror: MirrorClient, digest: string, start: number): Promise<Blob> {
  const response = await mirror.get(`blobs/${digest}`, start > 0 ? { range: `bytes=${start}-` } : {});
  const { statusCode, headers } = response;
  const range = statusCode === 206 ? /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '') : undefined;
  const size = range ? Number(range[2]) : Number(headers['content-length'] ?? Number.NaN);
  const begins = range ? Number(range[1]) : 0;
  // Encoded, what comes is not what was counted.
  const encoded = (headers['content-encoding'] ?? 'identity') !== 'identity';
  const told = statusCode === 200 || range;
  if (!told || encoded || !Number.isSafeInteger(size) || begins > start) {
    response.destroy();
    throw new MirrorRefusal('served a blob without saying how long it is or where it begins', 'wrong');
  }
  const close = () => void response.destroy();
  return { size, bytes: after(start - begins, unlessSilent(response)), close };
}

/** Not every registry knows ranges: what was not asked for is dropped. */
async function* after(skip: number, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let left = skip;
  for await (const chunk of bytes) {
    if (chunk.length > left) yield left > 0 ? chunk.subarray(left) : chunk;
    left = Math.max(0, left - chunk.length);
  }
}

/**
 * A blob to its end: where a mirror breaks off, the rest comes from where it is had. The bytes are hashed on their way;
 * a blob that is asked for from its middle cannot be checked here, and is by the runtime.
 */
export async function* wholeBlob(
  digest: string,
  start: number,
  first: { got: Blob; mirror: MirrorClient },
  source: Source,
  breaks: number,
): AsyncIterable<Uint8Array> {
  const all = start === 0 ? hashLike(digest) : undefined;
  const { size } = first.got;
  let { got, mirror } = first;
  let offset = start;
  for (let left = breaks; offset < size; left -= 1) {
    try {
      for await (const chunk of got.bytes) {
        // A byte too many would be read by the runtime as the beginning of our next answer.
        if (offset + chunk.length > size) throw new MirrorRefusal(surplus, 'wrong');
        all?.hash.update(chunk);
        offset += chunk.length;
        yield chunk;
      }
      if (offset < size) throw new MirrorRefusal('ended early', 'down');
    } catch (error) {
      if (error instanceof MirrorRefusal && error.message === surplus) throw error;
      if (offset >= size) break;
      if (left === 0) throw error;
      const outcome = error instanceof MirrorRefusal ? error.outcome : 'down';
      const problem = new MirrorRefusal(`broke off a layer after ${offset} of ${size} bytes`, outcome, {
        cause: error,
      });
      source.failed(mirror, problem);
      ({ got, mirror } = await source.open(offset));
      if (got.size !== size) throw new MirrorRefusal(`${mirror.name} has ${digest} with another size`, 'wrong');
    }
  }
  const came = all?.result();
  if (came === undefined || came === digest) return;
  const problem = new MirrorRefusal(
    `served other bytes than its digest says: ${digest} was asked for, ${came} came`,
    'wrong',
  );
  source.failed(mirror, problem);
  throw problem;
}

/** Milliseconds without a byte after which a mirror counts as broken off. */
const silence = 30_000;

async function* unlessSilent(response: IncomingMessage): AsyncIterable<Uint8Array> {
  const iterator = (response as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const quiet = Promise.withResolvers<never>();
      const silent = () => quiet.reject(new MirrorRefusal(`sent nothing for ${silence / 1000} s`, 'slow'));
      const timer = setTimeout(silent, silence);
      const { done, value } = await Promise.race([iterator.next(), quiet.promise]).finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } finally {
    response.destroy();
  }
}
