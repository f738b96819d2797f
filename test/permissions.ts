import * as z from 'zod';
import type { AuditEntry } from './cluster/audit.ts';

/** One verb on one resource, in one namespace or everywhere. */
export interface Grant {
  verb: string;
  resource: string;
  namespace?: string;
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

/** The single permissions that manifests give to a ServiceAccount. */
export function grants(manifests: readonly { kind: string }[], account: { name: string; namespace: string }): Grant[] {
  const ofKind = <T>(schema: z.ZodType<T>, ...kinds: string[]) =>
    manifests.filter(({ kind }) => kinds.includes(kind)).map((one) => ({ kind: one.kind, ...schema.parse(one) }));
  const roles = ofKind(roleSchema, 'ClusterRole', 'Role');
  return ofKind(bindingSchema, 'ClusterRoleBinding', 'RoleBinding')
    .filter(({ subjects }) => subjects.some((s) => s.name === account.name && s.namespace === account.namespace))
    .flatMap(({ metadata: { namespace }, roleRef }) => {
      const role = roles.find(
        ({ kind, metadata }) =>
          kind === roleRef.kind &&
          metadata.name === roleRef.name &&
          (kind === 'ClusterRole' || metadata.namespace === namespace),
      );
      if (role === undefined)
        throw new Error(`${account.name} is bound to ${roleRef.kind} ${roleRef.name}: there is none`);
      return role.rules.flatMap(({ resources, verbs }) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => ({ verb, resource, ...(namespace !== undefined && { namespace }) })),
        ),
      );
    });
}

/** A permission in words, `delete jobs in image-rescue-pull`. */
export const inWords = ({ verb, resource, namespace }: Grant) =>
  `${verb} ${resource}${namespace === undefined ? '' : ` in ${namespace}`}`;

const covers = (grant: Grant, { verb, resource, subresource, namespace }: AuditEntry) =>
  grant.verb === verb &&
  grant.resource === (subresource === undefined ? resource : `${resource}/${subresource}`) &&
  (grant.namespace === undefined || grant.namespace === namespace);

/** A request that would have been refused without this one permission; undefined where nobody would miss it. */
export function needFor(
  grant: Grant,
  granted: readonly Grant[],
  requests: readonly AuditEntry[],
): AuditEntry | undefined {
  const others = granted.filter((other) => other !== grant);
  return requests.find((one) => covers(grant, one) && !others.some((other) => covers(other, one)));
}
