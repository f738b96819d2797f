/** Whoever sends so slowly has said enough; milliseconds. */
const patience = 5_000;

/** The beginning of a body as text; whoever sends more than `most` bytes sends them in vain. Never throws. */
export async function firstBytes(response: Response, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  const timer = setTimeout(() => void reader?.cancel().catch(() => undefined), patience);
  try {
    for (
      let part = await reader?.read();
      part !== undefined && !part.done && length < most;
      part = await reader?.read()
    ) {
      chunks.push(part.value);
      length += part.value.length;
    }
  } catch {
    // what has come is enough
  } finally {
    clearTimeout(timer);
    void reader?.cancel().catch(() => undefined);
  }
  return Buffer.concat(chunks).subarray(0, most).toString();
}
