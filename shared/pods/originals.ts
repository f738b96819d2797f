import { parseReference } from '../images/reference.ts';
import { marks } from '../pulls/name.ts';
import type { Pod } from './pod.ts';

/**
 * What the containers of a pod named before they were given a mirror's address, by container. Whoever may edit the pod may
 * have written anything there.
 */
export function originalImages(pod: Pick<Pod, 'metadata'>): Record<string, string> {
  try {
    const parsed: unknown = JSON.parse(pod.metadata.annotations?.[marks.originals] ?? '{}');
    if (typeof parsed !== 'object' || parsed === null) return {};
    return Object.fromEntries(
      Object.entries(parsed).filter(([, value]) => typeof value === 'string' && parseReference(value) !== undefined),
    );
  } catch {
    return {};
  }
}

/** The annotation's value when these containers are given other images: the first image that each of them named is kept. */
export function originalsValue(pod: Pod, containers: readonly string[]): string {
  const { initContainers = [], containers: plain } = pod.spec;
  const named = [...initContainers, ...plain].flatMap(({ name, image }) =>
    image !== undefined && containers.includes(name) ? [[name, image] as const] : [],
  );
  return JSON.stringify({ ...Object.fromEntries(named), ...originalImages(pod) });
}
