import * as z from 'zod';
import type { PodWaits } from '../../shared/events/types.ts';

/** What detect reads of an Event (core/v1); everything else is dropped. */
export const kubeletEventSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  reason: z.string().nullish(),
  source: z.object({ component: z.string().nullish() }).nullish(),
  involvedObject: z.object({
    kind: z.string().nullish(),
    namespace: z.string().nullish(),
    name: z.string().nullish(),
    uid: z.string().nullish(),
  }),
});

export type KubeletEvent = z.infer<typeof kubeletEventSchema>;

/** The reason under which a kubelet says that it cannot make a pod's sandbox, which a pod's status does not say. */
export const noSandbox = 'FailedCreatePodSandBox';

/**
 * The pod to look at, or undefined. Anybody who may create Events may have written this one: it says where to look, and
 * whatever it says else is read from the cluster again.
 */
export function decideEvent(
  { reason, source, involvedObject }: KubeletEvent,
  pullNamespace: string,
): PodWaits | undefined {
  if (reason !== noSandbox || source?.component !== 'kubelet' || involvedObject.kind !== 'Pod') return undefined;
  const { namespace, name, uid } = involvedObject;
  if (!namespace || !name || !uid || namespace === pullNamespace) return undefined;
  return { pod: { namespace, name, uid } };
}
