import * as z from 'zod';
import type { AuditEntry } from './cluster/audit.ts';

/** One verb on one resource, in one namespace or everywhere. */
export interface Grant {
  verb: string;
  group: string;
  resource: string;
  namespace?: string;
  /** Path of the role that has it, at the API server. */
  role: string;
}

const roleSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string().exactOptional() }),
  rules: z.array(
    z.strictObject({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) }),
  ),
});
const bindingSchema = z.object({
  metadata: z.object({ namespace: z.string().exactOptional() }),
  roleRef: z.object({ kind: z.string(), name: z.string() }),
  subjects: z.array(z.object({ kind: z.literal('ServiceAccount'), name: z.string(), namespace: z.string() })),
});

export type Rule = z.infer<typeof roleSchema>['rules'][number];

/** The single permissions of rules. */
export const singly = (rules: readonly Rule[]) =>
  rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => ({ verb, group, resource })))),
  );

/** The single permissions that manifests give to a ServiceAccount. */
export function grants(manifests: readonly { kind: string }[], account: { name: string; namespace: string }): Grant[] {
  const ofKind = <T>(schema: z.ZodType<T>, ...kinds: string[]) =>
    manifests.filter(({ kind }) => kinds.includes(kind)).map((one) => ({ kind: one.kind, ...schema.parse(one) }));
  const roles = ofKind(roleSchema, 'ClusterRole', 'Role');
  return ofKind(bindingSchema, 'ClusterRoleBinding', 'RoleBinding')
    .filter(({ subjects }) => subjects.some((s) => s.name === account.name && s.namespace === account.namespace))
    .flatMap(({ metadata: { namespace }, roleRef }) => {
      const found = roles.find(
        ({ kind, metadata }) =>
          kind === roleRef.kind &&
          metadata.name === roleRef.name &&
          (kind === 'ClusterRole' || metadata.namespace === namespace),
      );
      if (found === undefined)
        throw new Error(`${account.name} is bound to ${roleRef.kind} ${roleRef.name}: there is none`);
      const place = found.kind === 'ClusterRole' ? 'clusterroles' : `namespaces/${found.metadata.namespace}/roles`;
      const role = `/apis/rbac.authorization.k8s.io/v1/${place}/${found.metadata.name}`;
      return singly(found.rules).map((one) => ({ ...one, role, ...(namespace !== undefined && { namespace }) }));
    });
}

/** A permission in words, `delete jobs in image-rescue-pull`. */
export const inWords = ({ verb, resource, namespace }: Pick<Grant, 'verb' | 'resource' | 'namespace'>) =>
  `${verb} ${resource}${namespace === undefined ? '' : ` in ${namespace}`}`;

/** Whether it is this permission that a request needs. */
export const covers = (
  grant: Pick<Grant, 'verb' | 'resource' | 'namespace'>,
  { verb, resource, subresource, namespace }: AuditEntry,
) =>
  grant.verb === verb &&
  grant.resource === (subresource === undefined ? resource : `${resource}/${subresource}`) &&
  (grant.namespace === undefined || grant.namespace === namespace);
