import type { Cluster } from '../cluster/cluster.ts';
import { fullName, parseReference } from '../images/reference.ts';
import type { Pod } from './pod.ts';
import { allStatuses } from './stuck.ts';

/** What an image's name means on another node. */
export interface Elsewhere {
  readonly node: string;
  /** As the container runtime there reports it. */
  readonly digest: string;
}

/** A large cluster is not read whole for a word more. */
const mostPods = 2000;
const mostFound = 3;

/**
 * As which digests pods on other nodes run an image by this name, with a node for each; at most 3. The first 2,000 running
 * pods of the namespace are looked through, then the first 2,000 of the cluster. A name with a digest means the same
 * everywhere: none.
 */
export async function digestsElsewhere(
  cluster: Pick<Cluster, 'listPods'>,
  image: string,
  { nodeName, namespace }: { nodeName: string; namespace: string },
): Promise<Elsewhere[]> {
  if (parseReference(image)?.digest !== undefined) return [];
  const fields = `status.phase=Running,spec.nodeName!=${nodeName}`;
  const found = new Map<string, string>();
  for (const where of [{ namespace }, {}]) {
    let left = mostPods;
    for await (const pod of cluster.listPods({ fields, ...where })) {
      for (const digest of runningDigests(pod, image))
        if (!found.has(digest)) found.set(digest, pod.spec.nodeName ?? 'unknown');
      left -= 1;
      if (left === 0 || found.size >= mostFound) break;
    }
  }
  return [...found].slice(0, mostFound).map(([digest, node]) => ({ node, digest }));
}

/**
 * `docker.io/library/nginx@sha256:…`, with a scheme where Docker is the runtime. Some runtimes report the image's ID or the
 * digest of another name of the same image in its place: these say nothing about this name.
 */
const imageID = /^(?:[a-z-]+:\/\/)?(.+)@(sha\d+:[0-9a-f]+)$/;

function runningDigests(pod: Pod, image: string): string[] {
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec;
  const named = new Set(
    [...initContainers, ...containers, ...ephemeralContainers]
      .filter((one) => fullName(one.image ?? '') === image)
      .map(({ name }) => name),
  );
  const repository = image.slice(0, image.lastIndexOf(':'));
  return allStatuses(pod).flatMap(({ name, state, imageID: id = '' }) => {
    const [, of, digest] = imageID.exec(id) ?? [];
    const counts = named.has(name) && state?.running !== undefined && of === repository;
    return counts && digest !== undefined ? [digest] : [];
  });
}
