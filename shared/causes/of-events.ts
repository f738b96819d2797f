import { fullName } from '../images/reference.ts';
import { type Cause, classify } from './classify.ts';

/** `Failed to pull image "x": …`, as every kubelet says it; the only place for the cause on kubelets before 1.32. */
const failedPull = /^Failed to pull image "([^"]+)": /;

/**
 * Why an image cannot be pulled, as a kubelet's Events about the pod have it. Anybody who may create Events may have written
 * them: this may choose words for that pod, and decides nothing.
 */
export function causeToldOf(
  events: readonly { reason: string; message: string; from: string }[],
  image: string,
): (Cause & { words: string }) | undefined {
  for (const { reason, message, from } of [...events].reverse()) {
    const told = fullName(failedPull.exec(message)?.[1] ?? '');
    if (reason !== 'Failed' || from !== 'kubelet' || told !== image) continue;
    const cause = classify({ reason, message });
    if (cause.cause !== 'unknown') return { ...cause, words: message };
  }
  return undefined;
}
