/** The beginning of a body as text; whoever sends more than `most` bytes sends them in vain. Never throws. */
export async function firstBytes(response: Response, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= most) break;
    }
  } catch {
    // what has come is enough
  }
  return Buffer.concat(chunks).subarray(0, most).toString();
}
