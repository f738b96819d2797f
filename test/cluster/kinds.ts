import type { Kube } from './kube-types.ts';
import { waitFor } from './wait-for.ts';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

interface Definition {
  status?: { conditions?: { type: string; status: string }[] };
}

/** Resolves when the API server serves the kinds of all its CustomResourceDefinitions. */
export async function kindsAreServed(kube: Kube): Promise<void> {
  const established = async () => {
    const { items } = await kube.get<{ items: Definition[] }>(definitions);
    return items.every(({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True'),
    );
  };
  await waitFor('the kinds of CustomResourceDefinitions to be served', established, 60_000);
}
