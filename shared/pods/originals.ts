import { parseReference } from '../images/reference.ts';
import { marks } from '../pulls/name.ts';
import type { Pod } from './pod.ts';
import { stringsOf } from './strings-of.ts';

/**
 * What the containers of a pod named before they were given a mirror's address, by container. Whoever may edit the pod may
 * have written anything there, and may have named a container `constructor`.
 */
export function originalImages(pod: Pick<Pod, 'metadata'>): ReadonlyMap<string, string> {
  const all = stringsOf(pod.metadata.annotations?.[marks.originals]);
  return new Map([...all].filter(([, value]) => parseReference(value) !== undefined));
}

/** The annotation's value when these containers are given other images: the first image that each of them named is kept. */
export function originalsValue(pod: Pod, containers: readonly string[]): string {
  const { initContainers = [], containers: plain } = pod.spec;
  const named = [...initContainers, ...plain].flatMap(({ name, image }) =>
    image !== undefined && containers.includes(name) ? [[name, image] as const] : [],
  );
  return JSON.stringify(Object.fromEntries([...named, ...originalImages(pod)]));
}
