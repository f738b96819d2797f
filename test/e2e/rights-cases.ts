import { waitFor } from '../cluster/wait-for.ts';
import { type Bed, patience, running, stuck, type TestEvent, type TestPod } from './bed.ts';
import type { Given } from './cases.ts';

/** Has sweeps made until something is so. */
export type SweepUntil = (what: string, so: () => Promise<boolean>) => Promise<void>;

/** Whether what a user is promised has come about. */
export type Kept = () => Promise<boolean>;

export interface RightsCase {
  readonly name: string;
  /** Of the functions. */
  readonly env?: Record<string, string>;
  /** What was done cannot be undone: with the permission back it is begun anew. */
  readonly anew?: true;
  /** Begun only when the permission is away and all that was there before has been looked at. */
  readonly late?: true;
  /** Begun while every permission is there; nothing is done about it before a sweep comes. `name` is this run's own. */
  begin(bed: Given<Bed>, name: string, sweepUntil: SweepUntil): Promise<Kept>;
}

/** An Event of ours with this reason on a pod; its count, 0 where there is none. */
async function count({ cluster }: Bed, name: string, reason: string, namespace = 'default'): Promise<number> {
  const { items } = await cluster.kube.get<{ items: TestEvent[] }>(`/api/v1/namespaces/${namespace}/events`);
  const ours = items.filter(({ source, involvedObject }) => {
    return source.component === 'image-rescue' && involvedObject.name === name;
  });
  return ours.find((event) => event.reason === reason)?.count ?? 0;
}

const isTold = async (bed: Bed, name: string, reason: string) => (await count(bed, name, reason)) > 0;

/** A pod that is stuck. */
async function stuckPod(bed: Bed, name: string, container: { image: string; imagePullPolicy?: string }) {
  await bed.pod(name, container);
  await bed.all(name, 1, 'stuck', stuck);
}

const runs = async (bed: Bed, name: string) => (await bed.pods(name)).some(running);
const mirrorless = (name: string) => `nowhere.invalid/x/${name}:1`;

/** A pod runs, and is told so by an Event with this reason. */
const startedBy = async (bed: Bed, name: string, reason: string) =>
  (await runs(bed, name)) && (await isTold(bed, name, reason));

/** A stuck pod comes to run, and is told so. */
const helped =
  (reason: string): RightsCase['begin'] =>
  async (bed, name) => {
    const { reference } = await bed.image(name, 'rights.invalid/x');
    await stuckPod(bed, name, { image: reference });
    return () => startedBy(bed, name, reason);
  };

export const rescued: RightsCase = {
  name: 'a stuck pod runs, and is told',
  begin: helped('ImageRescued'),
};

export const patched: RightsCase = {
  name: 'PULLER=patch: a stuck pod runs by a mirror, and is told',
  env: { PULLER: 'patch' },
  begin: helped('ImageRescuePatched'),
};

export const failureTold: RightsCase = {
  name: 'no mirror has it: the pod is told',
  begin: async (bed, name) => {
    await stuckPod(bed, name, { image: mirrorless(name) });
    return () => isTold(bed, name, 'ImageRescueFailed');
  },
};

export const neverStarts: RightsCase = {
  name: 'its kubelet is away, so that its pull never starts: the pod is told',
  env: { START_DEADLINE: '5', PULL_DEADLINE: '5', ROUTE_HOLD: '0' },
  begin: async (bed, name) => {
    await stuckPod(bed, name, { image: mirrorless(name) });
    // Nor does the pod change any more: its next failure would have it looked at.
    await bed.cluster.stopComponent('kubelet');
    bed.ends({ output: () => '', end: () => bed.cluster.startComponent('kubelet') });
    return () => isTold(bed, name, 'ImageRescueFailed');
  },
};

export const toldAgain: RightsCase = {
  name: 'it fails again after COOL_DOWN: its Event counts up',
  env: { COOL_DOWN: '5' },
  begin: async (bed, name, sweepUntil) => {
    await stuckPod(bed, name, { image: mirrorless(name) });
    await sweepUntil('the first failure to be told', () => isTold(bed, name, 'ImageRescueFailed'));
    await waitFor('its Job to be gone', async () => (await bed.jobs()).length === 0, patience);
    return async () => (await count(bed, name, 'ImageRescueFailed')) > 1;
  },
};

export const pulledAgain: RightsCase = {
  name: 'its route is down and the pod pulls Always: pulled again before COOL_DOWN is over, the pod runs',
  // Long enough for the kubelet to come by it, if not at its first back-off.
  env: { ROUTE_HOLD: '10' },
  begin: async (bed, name, sweepUntil) => {
    const { reference } = await bed.image(name, 'rights.invalid/x');
    await stuckPod(bed, `${name}-first`, { image: reference });
    await sweepUntil('the first pod to run', () => runs(bed, `${name}-first`));
    await waitFor('the route to be down', async () => (await bed.routes('rights.invalid')) === 0, patience);
    await stuckPod(bed, name, { image: reference, imagePullPolicy: 'Always' });
    return () => startedBy(bed, name, 'ImageRescued');
  },
};

export const leftAlone: RightsCase = {
  name: 'a namespace with the label image-rescue.dev/skip: nothing is fetched for its pods, and they are told nothing',
  anew: true,
  begin: async (bed, name) => {
    const { kube } = bed.cluster;
    await kube.post('/api/v1/namespaces', { metadata: { name, labels: { 'image-rescue.dev/skip': 'true' } } });
    await kube.until(`/api/v1/namespaces/${name}/serviceaccounts/default`, () => true, patience, 'its service account');
    // One of an image that nobody else wants, and one of an image that a pod elsewhere waits for.
    const images = { alone: mirrorless(`${name}-alone`), shared: mirrorless(name) };
    const inside = async ([pod, image]: [string, string]) => {
      const spec = { terminationGracePeriodSeconds: 1, containers: [{ name: 'app', image }] };
      await kube.post(`/api/v1/namespaces/${name}/pods`, { metadata: { name: pod }, spec });
      await kube.until<TestPod>(`/api/v1/namespaces/${name}/pods/${pod}`, stuck, patience, `${pod} to be stuck`);
    };
    await Promise.all([...Object.entries(images).map(inside), stuckPod(bed, name, { image: images.shared })]);
    return async () => {
      const pulled = (await bed.jobs()).some(
        ({ metadata }) => metadata.annotations?.['image-rescue.dev/image'] === images.alone,
      );
      const told = (await count(bed, 'shared', 'ImageRescueFailed', name)) > 0;
      return (await isTold(bed, name, 'ImageRescueFailed')) && !pulled && !told;
    };
  },
};
