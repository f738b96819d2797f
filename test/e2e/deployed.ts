import type { TestCluster } from '../cluster/cluster.ts';
import { KubeError, type KubeObject } from '../cluster/kube.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { patience, type TestPod } from './bed.ts';
import type { Started } from './cases.ts';

/** A Deployment, as far as it is looked at here. */
export interface Deployment {
  metadata: { name: string; namespace: string };
  spec: { replicas: number; selector: { matchLabels: Record<string, string> }; template: object };
}

/** Deployments that run. */
export interface Deployed extends Started {
  /** The pods of the Deployment of a name. */
  of(name: string): DeployedPod[];
}

type DeployedPod = TestPod & { status: { podIP?: string; conditions?: { type: string; status: string }[] } };

/** Makes Deployments of one namespace; resolves when all their pods are ready. */
export async function deploy({ kube }: TestCluster, deployments: readonly Deployment[]): Promise<Deployed> {
  const namespace = `namespaces/${deployments[0]?.metadata.namespace}`;
  const path = `/apis/apps/v1/${namespace}/deployments`;
  const pods = new Map<string, DeployedPod[]>();

  const read = async ({ spec }: Deployment): Promise<DeployedPod[]> => {
    const labels = Object.entries(spec.selector.matchLabels).map(([name, value]) => `${name}=${value}`);
    const query = new URLSearchParams({ labelSelector: labels.join(',') });
    return (await kube.get<{ items: DeployedPod[] }>(`/api/v1/${namespace}/pods?${query}`)).items;
  };
  const ready = ({ status }: DeployedPod) =>
    status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;

  const describe = async () => {
    const found = (await Promise.all(deployments.map(read))).flat();
    const texts = found.map(async ({ metadata: { name }, status }) => {
      const log = await kube.text(`/api/v1/${namespace}/pods/${name}/log`).catch((error: Error) => error.message);
      return `${name}: ${status.phase} ${JSON.stringify(status.containerStatuses)}\n${log}\n`;
    });
    const { items } = await kube.get<{ items: (KubeObject & { type: string; reason: string; message: string })[] }>(
      `/api/v1/${namespace}/events`,
    );
    const warnings = items
      .filter(({ type }) => type === 'Warning')
      .map(({ reason, message }) => `${reason}: ${message}`);
    return [...(await Promise.all(texts)), ...warnings, ''].join('\n');
  };
  // Where a case fails because the API server is away, that failure is the telling one.
  const output = () => describe().catch((error: Error) => `${error.message}\n`);
  const end = async () => {
    for (const { metadata } of deployments) {
      // Foreground: it is gone when its pods are.
      await kube.delete(`${path}/${metadata.name}`, { propagationPolicy: 'Foreground' }).catch((error: unknown) => {
        if (!(error instanceof KubeError && error.status === 404)) throw error;
      });
    }
    await Promise.all(deployments.map(({ metadata }) => kube.gone(`${path}/${metadata.name}`, patience)));
  };

  try {
    for (const deployment of deployments) await kube.post(path, deployment);
    for (const deployment of deployments) {
      const { name } = deployment.metadata;
      const whole = async () => {
        const found = await read(deployment);
        if (found.length !== deployment.spec.replicas || !found.every(ready)) return undefined;
        return found;
      };
      pods.set(name, await waitFor(`${name} to be ready`, whole, patience));
    }
  } catch (error) {
    process.stderr.write(await output());
    await end();
    throw error;
  }
  return { of: (name) => pods.get(name) ?? [], output, end };
}
