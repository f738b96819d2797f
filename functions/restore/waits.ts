import { eventData } from '../../shared/events/data.ts';
import type { RescueEvent } from '../../shared/events/event.ts';
import { podWaitsSchema } from '../../shared/events/types.ts';
import { isLeftAlone } from '../../shared/pods/left-alone.ts';
import { identity } from '../../shared/pods/pod.ts';
import type { RestoreDeps } from './deps.ts';
import { whyItWaits } from './why-it-waits.ts';
import { waitsEvent } from './words.ts';

/** Tells a pod that has not begun for long what holds it, where its kubelet's Events say so. */
export async function tellWait(deps: RestoreDeps, event: RescueEvent): Promise<undefined> {
  const { cluster, config, now } = deps;
  const { pod: asked } = eventData(event, podWaitsSchema);
  const pod = await cluster.readPod(asked.namespace, asked.name);
  if (pod?.metadata.uid !== asked.uid || isLeftAlone(pod, config)) return;
  if (pod.status?.phase !== 'Pending' || (await deps.isSkipped(asked.namespace))) return;
  const events = await cluster.eventsAbout(asked.namespace, asked.uid);
  const blocked = whyItWaits(
    events.filter(({ from }) => from === 'kubelet'),
    now(),
    config.hangAfter,
  );
  if (blocked !== undefined) await cluster.writeEvent(waitsEvent(identity(pod), blocked));
}
