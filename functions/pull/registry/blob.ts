import { createHash } from 'node:crypto';
import type { MirrorClient } from './mirror.ts';
import { MirrorRefusal } from './refusal.ts';

export interface Blob {
  /** Bytes of the whole blob. */
  readonly size: number;
  /** Its bytes from `start` on. Ends with an error if they are not what the digest says. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** A blob that one mirror has begun to send. */
type Opened = { got: Blob; mirror: MirrorClient };

const surplus = 'sent more than it said';

/** Begins to fetch a blob from byte `start` on. Throws MirrorRefusal. */
export async function openBlob(mirror: MirrorClient, digest: string, start: number): Promise<Blob> {
  const response = await mirror.get(`blobs/${digest}`, start > 0 ? { range: `bytes=${start}-` } : {});
  const range =
    response.status === 206 ? /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '') : undefined;
  const size = range ? Number(range[2]) : Number(response.headers.get('content-length') ?? Number.NaN);
  const begins = range ? Number(range[1]) : 0;
  // Encoded, what comes is not what was counted.
  const encoded = (response.headers.get('content-encoding') ?? 'identity') !== 'identity';
  const told = response.status === 200 || range;
  if (!told || encoded || !Number.isSafeInteger(size) || response.body === null || begins > start) {
    await response.body?.cancel();
    throw new MirrorRefusal('served a blob without saying how long it is or where it begins');
  }
  return { size, bytes: after(start - begins, response.body) };
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
  first: Opened,
  next: (failed: MirrorClient, offset: number, problem: string) => Promise<Opened>,
  breaks: number,
): AsyncIterable<Uint8Array> {
  const hash = start === 0 && digest.startsWith('sha256:') ? createHash('sha256') : undefined;
  const { size } = first.got;
  let { got, mirror } = first;
  let offset = start;
  for (let left = breaks; offset < size; left -= 1) {
    try {
      for await (const chunk of unlessSilent(got.bytes)) {
        // A byte too many would be read by the runtime as the beginning of our next answer.
        if (offset + chunk.length > size) throw new MirrorRefusal(surplus);
        hash?.update(chunk);
        offset += chunk.length;
        yield chunk;
      }
      if (offset < size) throw new MirrorRefusal('ended early');
    } catch (error) {
      if (error instanceof MirrorRefusal && error.message === surplus) throw error;
      if (offset >= size) break;
      if (left === 0) throw error;
      ({ got, mirror } = await next(mirror, offset, `broke off a layer after ${offset} of ${size} bytes`));
      if (got.size !== size) throw new MirrorRefusal(`${mirror.name} has ${digest} with another size`);
    }
  }
  const came = hash && `sha256:${hash.digest('hex')}`;
  if (came === undefined || came === digest) return;
  const problem = `served other bytes than its digest says: ${digest} was asked for, ${came} came`;
  await next(mirror, size, problem).catch(() => undefined);
  throw new MirrorRefusal(problem);
}

/** Milliseconds without a byte after which a mirror counts as broken off. */
const silence = 30_000;

async function* unlessSilent(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  try {
    for (;;) {
      const quiet = Promise.withResolvers<never>();
      const timer = setTimeout(() => quiet.reject(new MirrorRefusal(`sent nothing for ${silence / 1000} s`)), silence);
      const { done, value } = await Promise.race([iterator.next(), quiet.promise]).finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } finally {
    void iterator.return?.().catch(() => undefined);
  }
}
