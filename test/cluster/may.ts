import type { Kube } from './kube.ts';

/** One request that an account would make. */
export interface Attempted {
  verb: string;
  /** API group, empty for core/v1. */
  group: string;
  /** With subresource, `pods/log`. */
  resource: string;
  /** None or empty: in all namespaces, or of a resource that has none. */
  namespace?: string;
}

/** Whether the API server's roles allow a request to a user. */
export async function may(kube: Kube, user: string, attempted: Attempted): Promise<boolean> {
  const { status } = await kube.post<{ status: { allowed: boolean } }>(
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    { spec: { user, resourceAttributes: attempted } },
  );
  return status.allowed;
}
