import { setTimeout as sleep } from 'node:timers/promises';
import { mirrorImage } from '../../shared/images/mirrors.ts';
import { parseReference } from '../../shared/images/reference.ts';
import type { PullResult } from '../../shared/pulls/result.ts';
import type { Task } from '../../shared/pulls/task.ts';
import { lastWords } from './last-words.ts';
import type { Runtime, Target } from './runtime/runtime.ts';
import type { RegistrySide } from './talk.ts';

export interface PullDeps {
  readonly task: Pick<Task, 'image' | 'mirrors' | 'nameAddress' | 'fledged' | 'deadline'>;
  readonly runtime: Runtime;
  readonly registry: RegistrySide;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly log: (line: string) => void;
}

/** An image that exists nowhere is refused in milliseconds. */
const probeWithin = 15_000;
/** Seconds beyond its deadline in which a pull may still say why itself. */
const grace = 5;
/** How long CRI may take to notice an image record, in milliseconds. */
const noticeWithin = 10_000;

/** The pull container: gets the image onto this node, by route where the runtime takes one, by name elsewhere. */
export async function pull({
  task: { image, mirrors, nameAddress, fledged, deadline },
  runtime,
  registry,
  clock,
  log,
}: PullDeps): Promise<PullResult> {
  const begun = clock();
  const outcome = await Promise.race([attempt(), tooLate()]).catch((error: unknown) => ({
    way: 'none' as const,
    error: (error as Error).message,
  }));
  const said = await lastWords(registry, { hold: outcome.way === 'route' });
  return { already: false, ...outcome, ...said, milliseconds: Math.round(clock() - begun) };

  /** A mirror that trickles must not keep the pod from saying so: the Job's deadline takes its words away. */
  async function tooLate(): Promise<never> {
    await sleep((deadline + grace) * 1000, undefined, { ref: false });
    throw new Error(`the pull did not end within ${deadline} s`);
  }

  async function attempt(): Promise<
    Pick<PullResult, 'way' | 'mirror' | 'digest' | 'address' | 'fledged' | 'credentials' | 'error'> & {
      already?: boolean;
    }
  > {
    const [had, byFledged, found, byRoute] = await Promise.all([
      runtime.target(image),
      fledged === undefined ? undefined : runtime.target(fledged),
      registry.find(),
      readsFolder(),
    ]);
    if ('error' in found) return { way: 'none', error: found.error };
    const { mirror } = found;
    log(`${mirror} has ${image} (${found.digest})`);
    const way = byRoute && (await routeIsUp()) ? 'route' : 'name';
    // The name means something here already: what it means is not ours to change.
    // Looking for mirrors took its time, in which the kubelet may have succeeded by itself.
    const now = had ?? (await runtime.target(image));
    if (now === undefined) {
      if (way === 'route') await runtime.pull(image, deadline * 1000);
      else await pullAndName(found.digest);
    }
    const target = await runtime.target(image);
    const address = way === 'name' && nameAddress && target ? await nameAsAt(mirror, target) : undefined;
    return {
      way,
      mirror,
      already: now !== undefined,
      ...(found.credentials && { credentials: true }),
      ...(target !== undefined && { digest: target.digest }),
      ...(address !== undefined && { address }),
      // What kube-fledged says of it may be false; that the node has it is not.
      ...(fledged !== undefined && byFledged && byFledged.digest === target?.digest && { fledged }),
    };
  }

  /** Undefined where that name means something else here already. */
  async function nameAsAt(mirror: string, target: Target): Promise<string | undefined> {
    const [found, reference] = [mirrors.find(({ host }) => host === mirror), parseReference(image)];
    if (found === undefined || reference === undefined) return undefined;
    const address = mirrorImage(found, reference);
    await runtime.name(address, target);
    return (await runtime.target(address))?.digest === target.digest ? address : undefined;
  }

  async function readsFolder(): Promise<boolean> {
    const probe = await registry.probe();
    if ('error' in probe) {
      log(probe.error);
      return false;
    }
    await runtime.pull(probe.image, probeWithin).catch(() => undefined); // exists nowhere; that it was asked for is what counts
    const { arrived } = await registry.probed();
    if (!arrived) log('the container runtime does not read the host configuration folder');
    return arrived;
  }

  async function routeIsUp(): Promise<boolean> {
    const { error } = await registry.route();
    if (error !== undefined) log(`no route: ${error}`);
    return error === undefined;
  }

  /** By digest: whatever answers on loopback by then can only serve what the mirror was found to have. */
  async function pullAndName(digest: string): Promise<void> {
    const { host } = await registry.plain();
    const temporary = `${host}@${digest}`;
    try {
      await runtime.pull(temporary, deadline * 1000);
      const target = await runtime.target(temporary);
      if (target?.digest !== digest) throw new Error(`${temporary} was pulled, but the runtime has no record of it`);
      await runtime.name(image, target);
      const latest = clock() + noticeWithin;
      while (!(await runtime.sees(image))) {
        if (clock() > latest) throw new Error(`${image} was named, but the runtime does not show it`);
        await sleep(5);
      }
    } finally {
      await runtime.forget(temporary);
    }
  }
}
