import { ApiError, PermissionError } from '../../shared/cluster/api.ts';
import type { ImageCaches } from '../../shared/cluster/image-caches.ts';
import { keepsPullRecords } from '../../shared/cluster/node.ts';
import type { Config } from '../../shared/config/config.ts';
import { type CacheOrder, hostnameLabel, type ImageCache, imageCache } from '../../shared/fledged/image-cache.ts';
import { imageName } from '../../shared/images/reference.ts';
import { mayNeedSecret, pullSecrets } from '../../shared/images/secret-repositories.ts';
import type { Log } from '../../shared/log/log.ts';
import { patchAddresses } from '../../shared/pods/patch.ts';
import { marks, pullName } from '../../shared/pulls/name.ts';
import type { PullOrder } from '../../shared/pulls/pull-job.ts';
import type { UnderWay } from '../../shared/pulls/slots.ts';

/**
 * The ImageCache to make before this pull's Job; undefined: the Job is made at once. That is so for a second attempt, for
 * kube-fledged's own pods, on a node that its Jobs cannot be sent to, and where no mirror can be asked by a kubelet. A kubelet
 * that keeps records, and has pulled an image for credentials, lets nobody have it without: neither its name nor the mirror's
 * address would help the pod.
 */
export function cacheOrder(
  { image, mirrors, node, attempt, askedBy }: PullOrder,
  {
    rules,
    mirrorSecret,
    kubeFledgedNamespace: namespace,
  }: Pick<Config, 'rules' | 'mirrorSecret' | 'kubeFledgedNamespace'>,
): CacheOrder | undefined {
  const hostname = node.labels[hostnameLabel];
  if (attempt > 1 || hostname === undefined || askedBy.startsWith(`${namespace}/`)) return undefined;
  if (keepsPullRecords(node.kubelet) && mayNeedSecret(image, mirrorSecret)) return undefined;
  const addresses = patchAddresses(image, rules);
  const [first] = mirrors.flatMap(({ host }) => addresses.find(({ mirror }) => mirror === host) ?? []);
  if (first === undefined) return undefined;
  const full = imageName(image);
  return {
    name: pullName(node.uid, full),
    namespace,
    image: full,
    ...first,
    ...pullSecrets(image, mirrorSecret),
    node: { name: node.name, uid: node.uid, hostname },
    askedBy,
  };
}

/** Whether an ImageCache is one that we made: its name is a hash of what it says that it is for. */
export function isOurs({ metadata: { name, labels, annotations } }: ImageCache): boolean {
  const [nodeUid, image] = [labels?.[marks.node], annotations?.[marks.image]];
  return nodeUid !== undefined && image !== undefined && name === pullName(nodeUid, image);
}

/** The pulls that kube-fledged makes for us: each has its slot until its Job has taken it over, and that one its own. */
export async function cachesUnderWay(caches: ImageCaches, log: Log): Promise<UnderWay[]> {
  const found = await caches.list().catch((error: unknown) => unavailable(error, caches, log, []));
  return found.filter(isOurs).map(({ metadata: { name, labels, annotations } }) => ({
    job: name,
    nodeUid: labels?.[marks.node] ?? '',
    namespace: annotations?.[marks.askedBy]?.split('/')[0] ?? '',
  }));
}

/** The ImageCache of a pull, or undefined where there is none, or none to be seen. */
export function readCache(caches: ImageCaches, name: string, log: Log): Promise<ImageCache | undefined> {
  return caches.read(name).catch((error: unknown) => unavailable(error, caches, log, undefined));
}

/** Makes one. 'not to be had': whatever the reason is (it is in the log, once), images come without kube-fledged. */
export function createCache(
  caches: ImageCaches,
  order: CacheOrder,
  log: Log,
): Promise<'created' | 'exists' | 'not to be had'> {
  const wrong = (error: unknown) => unavailable(error, caches, log, 'not to be had' as const, order.namespace);
  return caches.create(imageCache(order)).catch(wrong);
}

/** By the port that failed, so that every process says each reason once. */
const told = new WeakMap<ImageCaches, Set<string>>();

function unavailable<T>(error: unknown, caches: ImageCaches, log: Log, otherwise: T, namespace = ''): T {
  const why = reason(error, namespace);
  const known = told.get(caches) ?? new Set();
  told.set(caches, known);
  if (!known.has(why)) log.error(`PULLER=kube-fledged: ${why}; pull Jobs bring the images without it`);
  known.add(why);
  return otherwise;
}

function reason(error: unknown, namespace: string): string {
  if (error instanceof PermissionError) return `missing permission: ${error.message}`;
  if (error instanceof ApiError && error.status === 404)
    return error.message.includes('namespaces "')
      ? `there is no namespace ${namespace} (KUBE_FLEDGED_NAMESPACE)`
      : 'the cluster knows no ImageCaches (kubefledged.io/v1alpha2): kube-fledged is not installed';
  return error instanceof Error ? error.message : String(error);
}
