import type { AuditEntry } from './cluster/audit.ts';
import type { Permissions } from './e2e/service-accounts.ts';

/** One verb on one resource, everywhere or in the pull namespace only. */
interface Grant {
  verb: string;
  resource: string;
  namespace?: string;
}

/** The single permissions of a ServiceAccount. */
export function grants({ cluster = [], pulls = [] }: Permissions, pullNamespace: string): Grant[] {
  const each = (rules: typeof cluster) =>
    rules.flatMap(({ resources, verbs }) => resources.flatMap((resource) => verbs.map((verb) => ({ verb, resource }))));
  return [...each(cluster), ...each(pulls).map((grant) => ({ ...grant, namespace: pullNamespace }))];
}

/** A permission in words, `delete jobs in image-rescue-pull`. */
export const inWords = ({ verb, resource, namespace }: Grant) =>
  `${verb} ${resource}${namespace === undefined ? '' : ` in ${namespace}`}`;

const covers = (grant: Grant, { verb, resource, subresource, namespace }: AuditEntry) =>
  grant.verb === verb &&
  grant.resource === (subresource === undefined ? resource : `${resource}/${subresource}`) &&
  (grant.namespace === undefined || grant.namespace === namespace);

/**
 * The first request of a user that would have been refused without each of these permissions, by the permission's
 * words; undefined where there was none, so that nobody would miss the permission.
 */
export function needs(granted: Grant[], requests: AuditEntry[]): Map<string, AuditEntry | undefined> {
  return new Map(
    granted.map((grant) => {
      const others = granted.filter((other) => other !== grant);
      return [
        inWords(grant),
        requests.find((one) => covers(grant, one) && !others.some((other) => covers(other, one))),
      ];
    }),
  );
}
