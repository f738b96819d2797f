import { eventData } from '../../shared/events/data.ts';
import type { Handler } from '../../shared/events/event.ts';
import { eventTypes } from '../../shared/events/types.ts';
import { podSchema } from '../../shared/pods/pod.ts';
import { skipLabels } from '../../shared/pods/skip-label.ts';
import { jobSchema } from '../../shared/pulls/job.ts';
import { tellDecisions } from './decisions.ts';
import type { RestoreDeps } from './deps.ts';
import { jobFailed, pullPodChanged } from './pulls.ts';
import { tellWait } from './waits.ts';

/**
 * pulls.decided and changes of our own Jobs and pods in; wakes and Events on the pods that wait, image.restored or
 * rescue.failed out. Creates nothing but Events.
 */
export function restore(given: Omit<RestoreDeps, 'isSkipped'>): Handler {
  const deps = { ...given, isSkipped: skipLabels(given.cluster, given.now, given.log) };
  return async (event) => {
    if (event.type === eventTypes.pullsDecided) return tellDecisions(deps, event);
    if (event.type === eventTypes.podWaits) return tellWait(deps, event);
    // What is left of an earlier life with more rights must not touch anything now.
    if (deps.config.dryRun) return undefined;
    if (event.extensions['kind'] === 'Pod') return pullPodChanged(deps, eventData(event, podSchema));
    return jobFailed(deps, eventData(event, jobSchema));
  };
}
