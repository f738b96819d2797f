import { originalImages } from '../../shared/pods/originals.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { allStatuses } from '../../shared/pods/stuck.ts';
import { clean } from '../../shared/words/clean.ts';

/** A container that was given a mirror's address in place of its image. */
export interface PatchedReport {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** What it named before; its owner names it still. */
  readonly original: string;
  /** What it names now; equal to `original` where that was put back. */
  readonly image: string;
  /** `running`, `ended` or the kubelet's waiting reason. */
  readonly state: string;
}

export function patchedReports(pod: Pod): PatchedReport[] {
  const { namespace, name } = pod.metadata;
  const originals = originalImages(pod);
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].flatMap((container) => {
    const original = originals.get(container.name);
    if (original === undefined || container.image === undefined) return [];
    const state = containerState(pod, container.name);
    return { namespace, pod: name, container: container.name, original, image: clean(container.image), state };
  });
}

/** In a word: `running`, `ended`, or why it waits. */
export function containerState(pod: Pod, container: string): string {
  const state = allStatuses(pod).find(({ name }) => name === container)?.state;
  if (state?.running !== undefined) return 'running';
  if (state?.terminated !== undefined) return 'ended';
  return clean(state?.waiting?.reason ?? 'waiting', 100);
}
