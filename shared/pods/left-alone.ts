import type { Config } from '../config/config.ts';
import { marks } from '../pulls/name.ts';
import type { Pod } from './pod.ts';

/** Label of kube-fledged's own pull Jobs: they fail with the same reasons, and kube-fledged sees to them. */
const fledgedLabel = { name: 'kubefledged', value: 'kubefledged-image-manager' };

/** What of the configuration says whose pods are rescued. */
export type NamespaceRules = Pick<
  Config,
  'pullNamespace' | 'kubeFledgedNamespace' | 'includeNamespaces' | 'excludeNamespaces'
>;

/** Whether a pod is none of our business, whatever it waits for. */
export function isLeftAlone(pod: Pod, config: NamespaceRules): boolean {
  const { namespace, labels, annotations } = pod.metadata;
  if (namespace === config.pullNamespace) return true;
  if (config.includeNamespaces?.includes(namespace) === false || config.excludeNamespaces.includes(namespace))
    return true;
  if (namespace === config.kubeFledgedNamespace && labels?.[fledgedLabel.name] === fledgedLabel.value) return true;
  return isSkipped(annotations);
}

/** Whether a pod's annotations, or a namespace's labels, say that image-rescue shall not touch it. */
export function isSkipped(marked: Readonly<Record<string, string>> | undefined): boolean {
  const skip = marked?.[marks.skip];
  return skip !== undefined && skip !== 'false';
}
