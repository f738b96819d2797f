import { progressLine } from '../../../shared/pulls/progress.ts';
import type { Blob } from './blob.ts';
import type { Content } from './content.ts';

/** Milliseconds between two lines about a pull that goes on. */
const often = 5_000;

/**
 * Content that tells every few seconds how much of the image has come. What the node has already is not asked for, so the
 * end may come before all of it.
 */
export function withProgress(content: Content, image: string, log: (line: string) => void): Content {
  /** Bytes of the image's layers and configuration, once the manifest that lists them went by. */
  let all = 0;
  let begun = 0;
  let came = 0;
  let told = 0;
  let open = 0;
  let timer: NodeJS.Timeout | undefined;

  const tell = () => {
    if (came === told) return;
    told = came;
    log(progressLine({ bytes: came, of: Math.max(all, begun) }, image));
  };

  async function* counted({ size, bytes }: Blob, start: number): AsyncIterable<Uint8Array> {
    begun += size - start;
    open += 1;
    timer ??= setInterval(tell, often).unref();
    try {
      for await (const chunk of bytes) {
        came += chunk.length;
        yield chunk;
      }
    } finally {
      open -= 1;
      if (open === 0) {
        clearInterval(timer);
        timer = undefined;
      }
    }
  }

  const listed = <T extends { body: Buffer }>(manifest: T): T => {
    all = Math.max(all, contentSize(manifest.body));
    return manifest;
  };

  return {
    resolve: async () => listed(await content.resolve()),
    manifest: async (digest) => listed(await content.manifest(digest)),
    async blob(digest, start) {
      const blob = await content.blob(digest, start);
      return { ...blob, bytes: counted(blob, start) };
    },
    answers: content.answers,
  };
}

/** Bytes of what an image manifest lists (OCI image spec, manifest); 0 for an index, which lists images. */
function contentSize(manifest: Buffer): number {
  try {
    const { config, layers } = JSON.parse(manifest.toString()) as { config?: unknown; layers?: unknown };
    return Array.isArray(layers) ? [config, ...layers].reduce((sum: number, one) => sum + sizeOf(one), 0) : 0;
  } catch {
    return 0;
  }
}

function sizeOf(descriptor: unknown): number {
  const size = typeof descriptor === 'object' && descriptor !== null && 'size' in descriptor ? descriptor.size : 0;
  return typeof size === 'number' && size > 0 ? size : 0;
}
