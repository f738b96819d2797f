import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { Config } from '../../shared/config/config.ts';
import { eventData } from '../../shared/events/data.ts';
import type { Handler } from '../../shared/events/event.ts';
import { eventTypes } from '../../shared/events/types.ts';
import type { Log } from '../../shared/log/log.ts';
import type { NamespaceRules } from '../../shared/pods/left-alone.ts';
import { podSchema } from '../../shared/pods/pod.ts';
import { jobSchema } from '../../shared/pulls/job.ts';
import { tellDecisions } from './decisions.ts';
import { jobFailed, pullPodChanged } from './pulls.ts';

export interface RestoreDeps {
  readonly cluster: Pick<
    Cluster,
    'readPod' | 'listPods' | 'annotatePod' | 'changeImages' | 'writeEvent' | 'eventsAbout' | 'readJob'
  >;
  readonly config: Pick<Config, 'coolDown'> & NamespaceRules;
  readonly now: () => number;
  readonly log: Log;
}

/**
 * pulls.decided and changes of our own Jobs and pods in; wakes and Events on the pods that wait, image.restored or
 * rescue.failed out. Creates nothing but Events.
 */
export function restore(deps: RestoreDeps): Handler {
  return async (event) => {
    if (event.type === eventTypes.pullsDecided) return tellDecisions(deps, event);
    if (event.extensions['kind'] === 'Pod') return pullPodChanged(deps, eventData(event, podSchema));
    return jobFailed(deps, eventData(event, jobSchema));
  };
}
