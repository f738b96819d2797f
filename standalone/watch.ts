import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, ApiError, PermissionError } from '../shared/cluster/api.ts';
import type { Log } from '../shared/log/log.ts';

/** One kind of object that is watched. */
export interface Watched {
  /** API path of the list, `/api/v1/pods`. */
  readonly path: string;
  readonly labels?: string;
  /** Lines for which this says no are not even parsed. */
  readonly mayConcern?: (line: Buffer) => boolean;
}

export interface WatchDeps {
  readonly api: Api;
  readonly log: Log;
  readonly stop: AbortSignal;
  /** A change, as ApiServerSource tells it: nothing is told of what exists at the start. */
  readonly onChange: (change: 'add' | 'update', object: unknown) => void;
  /** Changes up to now are not told, at the start or after a cut; whoever cares looks at everything. */
  readonly onGap: () => void;
}

/** The API server ends a watch after this many seconds; a new one begins where it ended. */
const watchSeconds = 300;
/** Bookmarks come every minute; a connection that is silent for longer is dead (milliseconds). */
const silence = 150_000;
const longestPause = 30_000;
/** A watch that ends sooner, in milliseconds, is not begun again at once. */
const shortest = 1_000;
const gone = 410;
const notThere = 404;

/** Watches until stopped, whatever happens to the connection. No cache: what passes is told and forgotten. */
export async function watch(watched: Watched, deps: WatchDeps): Promise<void> {
  const { log, stop } = deps;
  let version: string | undefined;
  let pause = 0;
  let told = false;
  while (!stop.aborted) {
    try {
      if (version === undefined) {
        version = await currentVersion(watched, deps);
        deps.onGap();
      }
      const begun = Date.now();
      for await (const line of lines(watched, version, deps)) {
        pause = 0;
        version = handle(line, watched, deps) ?? version;
      }
      if (Date.now() - begun < shortest) throw new Error('it ended as soon as it began');
    } catch (error) {
      if (stop.aborted) return;
      if (error instanceof ApiError && error.status === gone) version = undefined;
      const forbidden = error instanceof PermissionError;
      if (forbidden && !told) log.error({ path: watched.path }, `missing permission: ${error.message}`);
      told ||= forbidden;
      // A resource that this cluster does not know: whoever needs it says so.
      const missing = error instanceof ApiError && error.status === notThere;
      // The first of a row is worth a person's attention, the rest would only repeat it.
      const level = pause === 0 && !missing ? 'warn' : 'debug';
      if (!forbidden)
        log[level]({ path: watched.path, why: (error as Error).message }, 'watch broke off; trying again');
      pause = Math.min(Math.max(pause * 2, 250), longestPause);
      await sleep(pause, undefined, { signal: stop }).catch(() => undefined);
    }
  }
}

/** Handles one line of a watch. Returns the version to begin with next time, if the line tells one. Throws ApiError 410. */
function handle(line: Buffer, { mayConcern }: Watched, { onChange }: WatchDeps): string | undefined {
  const control = line.subarray(0, 40).includes('"BOOKMARK"') || line.subarray(0, 40).includes('"ERROR"');
  if (!control && mayConcern?.(line) === false) return undefined;
  const { type, object } = JSON.parse(line.toString()) as {
    type: string;
    object: { code?: number; message?: string; metadata?: { resourceVersion?: string } };
  };
  if (type === 'ERROR')
    throw new ApiError(object.code ?? gone, 'Expired', object.message ?? 'the watch ended with an error');
  if (type === 'ADDED') onChange('add', object);
  if (type === 'MODIFIED') onChange('update', object);
  return object.metadata?.resourceVersion;
}

async function currentVersion(watched: Watched, { api, stop }: WatchDeps): Promise<string> {
  const list = (await api.json({
    method: 'GET',
    path: `${watched.path}?${query(watched, { limit: '1' })}`,
    signal: stop,
  })) as {
    metadata?: { resourceVersion?: string };
  };
  return list.metadata?.resourceVersion ?? '0';
}

async function* lines(watched: Watched, resourceVersion: string, { api, stop }: WatchDeps): AsyncIterable<Buffer> {
  const parameters = query(watched, {
    watch: '1',
    resourceVersion,
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(watchSeconds),
  });
  const response = await api.stream({ method: 'GET', path: `${watched.path}?${parameters}`, signal: stop });
  response.setTimeout(silence, () => response.destroy(new Error('silent for too long')));
  let begun: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, end)]);
      begun = [];
      from = end + 1;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
}

function query({ labels }: Watched, parameters: Record<string, string>): URLSearchParams {
  return new URLSearchParams({ ...parameters, ...(labels !== undefined && { labelSelector: labels }) });
}
