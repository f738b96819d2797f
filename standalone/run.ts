import { randomUUID } from 'node:crypto';
import { mayConcern } from '../functions/detect/decide.ts';
import { detect } from '../functions/detect/handler.ts';
import { restore } from '../functions/restore/handler.ts';
import { submitCache } from '../functions/submit-cache/handler.ts';
import { sweep } from '../functions/sweep/handler.ts';
import type { Api } from '../shared/cluster/api.ts';
import { makeCluster } from '../shared/cluster/cluster.ts';
import { imageCachesPath, makeImageCaches } from '../shared/cluster/image-caches.ts';
import type { Config } from '../shared/config/config.ts';
import type { RescueEvent } from '../shared/events/event.ts';
import { eventTypes, ownPullsExtension, type SweepScope } from '../shared/events/types.ts';
import type { Log } from '../shared/log/log.ts';
import { marks } from '../shared/pulls/name.ts';
import { preparation, programConfigMap } from '../shared/pulls/prepare.ts';
import { makeBroker } from './broker.ts';
import { watch } from './watch.ts';

export interface RunDeps {
  readonly api: Api;
  readonly config: Config;
  /** Text of the pull program. */
  readonly program: string;
  readonly log: Log;
  readonly stop: AbortSignal;
}

/** A full sweep this often, in milliseconds: containers that are stuck on a restart are seen by no other. */
const fullSweepEvery = 3_600_000;
/** After a gap in a watch, in milliseconds. */
const gapPause = 100;
/** What is under way when asked to stop may end within this, in milliseconds. */
const lastWords = 3_000;

/** The one process: watches in place of ApiServerSources, a timer in place of PingSources. Resolves after `stop`. */
export async function run({ api, config, program, log, stop }: RunDeps): Promise<void> {
  const cluster = makeCluster(api);
  const byFledged = config.puller === 'kube-fledged';
  const caches = byFledged ? { caches: makeImageCaches(api, config.kubeFledgedNamespace) } : {};
  const now = () => Date.now();
  const prepare = preparation(cluster, config.pullNamespace, program, now, log);
  const settings = { ...config, program: programConfigMap(program).metadata.name };
  const broker = makeBroker(
    {
      detect: detect(config),
      'submit-cache': submitCache({ cluster, ...caches, config: settings, prepare, now, log }),
      restore: restore({ cluster, config, now, log }),
      sweep: sweep({ cluster, ...caches, config, send: async (event) => broker.send(event), now, log }),
    },
    log,
  );
  const ping = (scope: SweepScope) =>
    broker.send({
      id: randomUUID(),
      type: eventTypes.ping,
      source: '/image-rescue/standalone',
      extensions: {},
      data: { scope },
    });
  // Several watches begin, and break, together: one sweep serves them all.
  let soon: NodeJS.Timeout | undefined;
  let begun = false;
  const lookAtEverything = () => {
    if (!begun)
      log.info(
        { mirrors: config.rules.mirrors.map(({ host }) => host), pullNamespace: config.pullNamespace },
        'watching for pods whose image cannot be pulled',
      );
    begun = true;
    clearTimeout(soon);
    soon = setTimeout(ping, gapPause, 'full');
  };
  const watching = (kind: string, path: string, own: boolean) =>
    watch(
      { path, ...(own ? { labels: marks.kind } : { mayConcern }) },
      {
        api,
        log,
        stop,
        onGap: lookAtEverything,
        onChange: (change, object) => broker.send(changed(kind, own, change, object)),
      },
    );

  const inPulls = `namespaces/${config.pullNamespace}`;
  const watches = [
    watching('Pod', '/api/v1/pods', false),
    watching('Pod', `/api/v1/${inPulls}/pods`, true),
    watching('Job', `/apis/batch/v1/${inPulls}/jobs`, true),
    ...(byFledged ? [watching('ImageCache', imageCachesPath(config.kubeFledgedNamespace), true)] : []),
  ];
  const timers = [
    setInterval(() => ping('waiting'), config.checkInterval * 1000),
    setInterval(() => ping('full'), fullSweepEvery),
  ];
  await Promise.all(watches);
  for (const timer of [...timers, soon]) clearTimeout(timer);
  broker.stop();
  await Promise.race([broker.idle(), new Promise((resolve) => setTimeout(resolve, lastWords))]);
}

/** The same event that Knative's ApiServerSource sends in resource mode. */
function changed(kind: string, own: boolean, change: 'add' | 'update', object: unknown): RescueEvent {
  return {
    id: randomUUID(),
    type: change === 'add' ? eventTypes.resourceAdded : eventTypes.resourceUpdated,
    source: '/image-rescue/standalone',
    extensions: { kind, ...(own && { [ownPullsExtension.name]: ownPullsExtension.value }) },
    data: object,
  };
}
