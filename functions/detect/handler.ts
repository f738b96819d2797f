import { eventData } from '../../shared/events/data.ts';
import { type Handler, ownEvent } from '../../shared/events/event.ts';
import { eventTypes } from '../../shared/events/types.ts';
import { podSchema } from '../../shared/pods/pod.ts';
import { decide } from './decide.ts';
import { decideEvent, kubeletEventSchema } from './kubelet-event.ts';

export interface DetectDeps {
  /** Pods in here are our own and never start a rescue. */
  readonly pullNamespace: string;
}

/** A change of a Pod or an Event in; image.stuck or pod.waits out, or nothing. Touches nothing. */
export function detect({ pullNamespace }: DetectDeps): Handler {
  return async (event) => {
    if (event.extensions['kind'] === 'Event') {
      const told = eventData(event, kubeletEventSchema);
      const waits = decideEvent(told, pullNamespace);
      if (waits === undefined) return undefined;
      const { namespace, name } = waits.pod;
      return ownEvent('detect', eventTypes.podWaits, `${namespace}/${name}@${told.metadata.resourceVersion}`, waits);
    }
    const pod = eventData(event, podSchema);
    const stuck = decide(pod, pullNamespace);
    if (stuck === undefined) return undefined;
    const { namespace, name } = stuck.pod;
    // The resourceVersion makes the id of a later failure another one.
    return ownEvent('detect', eventTypes.imageStuck, `${namespace}/${name}@${pod.metadata.resourceVersion}`, stuck);
  };
}
