import type { Cluster } from '../cluster/cluster.ts';
import { fullName, parseReference } from '../images/reference.ts';
import type { Pod } from './pod.ts';
import { running } from './stuck.ts';

/** What an image's name means on another node. */
export interface Elsewhere {
  readonly node: string;
  /** As the container runtime there reports it. */
  readonly digest: string;
}

/** Enough to decide, and to tell. */
const mostFound = 3;

/**
 * As which digests running pods on other nodes, all or those of one namespace, run an image by this name, with a node for
 * each; at most 3. A name with a digest means the same everywhere: none.
 *
 * @param mostPods a large cluster is not read whole
 */
export async function digestsElsewhere(
  cluster: Pick<Cluster, 'listPods'>,
  image: string,
  { nodeName, namespace, mostPods }: { nodeName: string; namespace?: string; mostPods: number },
): Promise<Elsewhere[]> {
  if (parseReference(image)?.digest !== undefined) return [];
  const where = { ...(namespace !== undefined && { namespace }) };
  const found = new Map<string, string>();
  let left = mostPods;
  for await (const pod of cluster.listPods({ fields: `status.phase=Running,spec.nodeName!=${nodeName}`, ...where })) {
    for (const digest of runningDigests(pod, image))
      if (!found.has(digest)) found.set(digest, pod.spec.nodeName ?? 'unknown');
    left -= 1;
    if (left === 0 || found.size >= mostFound) break;
  }
  return [...found].slice(0, mostFound).map(([digest, node]) => ({ node, digest }));
}

/**
 * `docker.io/library/nginx@sha256:…`, with a scheme and a short name where Docker is the runtime. Some runtimes report the
 * image's ID or the digest of another name of the same image in its place: these say nothing about this name.
 */
const imageID = /^(?:[a-z-]+:\/\/)?(.+@(sha\d+:[0-9a-f]+))$/;

function runningDigests(pod: Pod, image: string): string[] {
  const repository = image.slice(0, image.lastIndexOf(':'));
  return running(pod, image).flatMap(({ image: runs = '', imageID: id = '' }) => {
    const [, reported = '', digest = ''] = imageID.exec(id) ?? [];
    // A container whose image was changed runs the old one until it has ended: only its status says so.
    return fullName(runs) === image && fullName(reported) === `${repository}@${digest}` ? [digest] : [];
  });
}
