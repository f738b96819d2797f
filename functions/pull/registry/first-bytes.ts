import type { Readable } from 'node:stream';

/** Whoever sends so slowly has said enough; milliseconds. */
const patience = 5_000;

/** The beginning of a body as text; whoever sends more than `most` bytes sends them in vain. Never throws. */
export async function firstBytes(body: Readable, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const timer = setTimeout(() => body.destroy(), patience);
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= most) break;
    }
  } catch {
    // what has come is enough
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).subarray(0, most).toString();
}
