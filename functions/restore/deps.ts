import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { Config } from '../../shared/config/config.ts';
import type { Log } from '../../shared/log/log.ts';
import type { NamespaceRules } from '../../shared/pods/left-alone.ts';
import type { NamespaceIsSkipped } from '../../shared/pods/skip-label.ts';

/** What restore works with; one cluster, no state. */
export interface RestoreDeps {
  readonly cluster: Pick<
    Cluster,
    'readPod' | 'readNamespace' | 'listPods' | 'annotatePod' | 'changeImages' | 'writeEvent' | 'eventsAbout' | 'readJob'
  >;
  readonly config: Pick<Config, 'rules' | 'puller' | 'dryRun' | 'hangAfter' | 'coolDown' | 'startDeadline'> &
    NamespaceRules;
  readonly isSkipped: NamespaceIsSkipped;
  readonly now: () => number;
  readonly log: Log;
}
