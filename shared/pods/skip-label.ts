import { PermissionError } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Log } from '../log/log.ts';
import { isSkipped } from './left-alone.ts';

/** How long a namespace's answer holds, in milliseconds: a label that is set counts within this. */
const believeFor = 10_000;

/** Whether a namespace carries the label that says to leave its pods alone. */
export type NamespaceIsSkipped = (namespace: string) => Promise<boolean>;

/** Reads labels of namespaces, each at most every ten seconds. Who may not read them is told once; then none is skipped. */
export function skipLabels(cluster: Pick<Cluster, 'readNamespace'>, now: () => number, log: Log): NamespaceIsSkipped {
  const known = new Map<string, { at: number; skipped: Promise<boolean> }>();
  let told = false;

  async function read(namespace: string): Promise<boolean> {
    try {
      return isSkipped(await cluster.readNamespace(namespace));
    } catch (error) {
      if (!(error instanceof PermissionError)) throw error;
      if (!told)
        log.error(`missing permission: ${error.message}; a label image-rescue.dev/skip on a namespace is not seen`);
      told = true;
      return false;
    }
  }

  return (namespace) => {
    const found = known.get(namespace);
    if (found !== undefined && now() - found.at < believeFor) return found.skipped;
    for (const [name, { at }] of known) if (now() - at >= believeFor) known.delete(name);
    const skipped = read(namespace);
    known.set(namespace, { at: now(), skipped });
    // What failed is asked again.
    skipped.catch(() => known.delete(namespace));
    return skipped;
  };
}
