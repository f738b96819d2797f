import { fullName, parseReference } from '../../shared/images/reference.ts';
import type { ImageRules } from '../../shared/images/rules.ts';
import { originalImages } from '../../shared/pods/originals.ts';
import { patchAddresses } from '../../shared/pods/patch.ts';
import type { Pod } from '../../shared/pods/pod.ts';
import { allStatuses } from '../../shared/pods/stuck.ts';
import type { PullResult } from '../../shared/pulls/result.ts';
import type { Attempt } from './attempt.ts';
import { nextStep, type Step, type StepConfig } from './decide.ts';
import type { RestoreDeps } from './deps.ts';

/** Others that are still to start the image go first, for at most this long after it came, in milliseconds. */
const othersFirst = 60_000;

/**
 * Where no route can heal it, a kubelet that keeps records of its pulls takes an image either under its own name or under a
 * mirror's address: who is to start it by name goes first, and once it was pulled by address, by address it stays.
 */
export async function mindingOthers(
  { cluster, config, now }: RestoreDeps,
  pod: Pod,
  { image, keepsRecords }: Attempt,
  step: Step,
  { result, at }: { result: PullResult; at: number },
): Promise<Step> {
  const { nodeName } = pod.spec;
  if (!keepsRecords) return step;
  // One that was woken already may be refused at a later start.
  const names = step.step === 'wake' || step.step === 'woken';
  if (result.fledged !== undefined && (names || step.step === 'patch' || step.step === 'wait for the kubelet'))
    return byAddress(pod, image, config, byFledged, result.mirror);
  if (nodeName === undefined || (!names && step.step !== 'patch')) return step;
  const others: Pod[] = [];
  for await (const other of cluster.listPods({ fields: `spec.nodeName=${nodeName}` }))
    if (other.metadata.uid !== pod.metadata.uid) others.push(other);
  if (step.step === 'patch') {
    const tooSoon = step.pulls && now() - at < othersFirst && waitToStart(others, image);
    return tooSoon ? { step: 'none' } : step;
  }
  const address = runsByAddress(others, image, config.rules);
  // Whose pod it is is nobody else's business.
  return address === undefined
    ? step
    : byAddress(pod, image, config, `another pod ${itsKubelet}`, address.split('/')[0]);
}

const itsKubelet =
  "made this kubelet pull it under a mirror's address, and since 1.35 a kubelet then takes it under no other name";
const byFledged = `kube-fledged ${itsKubelet}; to keep an image's own name here, choose PULLER=job, or have containerd read a host configuration folder (config_path)`;

function byAddress(pod: Pod, image: string, config: StepConfig, because: string, mirror = ''): Step {
  const result: PullResult = { way: 'patch', mirror, already: true, milliseconds: 0, answers: [], because };
  return nextStep(pod, image, { uid: '', number: 1, result }, config, 0);
}

/**
 * The mirror's address, if any, under which this image runs in another pod of the node: a kubelet that keeps records has
 * pulled it as that, and refuses it under its own name from then on.
 */
export function runsByAddress(others: readonly Pod[], image: string, rules: ImageRules): string | undefined {
  const reference = parseReference(image);
  const addresses = reference === undefined ? [] : patchAddresses(reference, rules).map(({ address }) => address);
  for (const pod of others) {
    const originals = originalImages(pod);
    // An annotation alone says nothing: anybody may have written it. A container that runs by an address was pulled by it.
    for (const { name, state } of allStatuses(pod)) {
      if (state?.running === undefined && state?.terminated === undefined) continue;
      const address = containersOf(pod).find((container) => container.name === name)?.image;
      if (address !== undefined && addresses.includes(address) && fullName(originals.get(name) ?? '') === image)
        return address;
    }
  }
  return undefined;
}

function containersOf(pod: Pod): Pod['spec']['containers'] {
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
}

/**
 * Whether another pod of the node is still to start this image under its own name. Once a kubelet that keeps records has
 * pulled the image under a mirror's address, it refuses that name to whoever has not started yet.
 */
export function waitToStart(others: readonly Pod[], image: string): boolean {
  return others.some((pod) => {
    if (pod.metadata.deletionTimestamp !== undefined) return false;
    const waiting = new Set(
      allStatuses(pod).flatMap(({ name, state }) => (state?.waiting === undefined ? [] : [name])),
    );
    return containersOf(pod).some(
      (container) =>
        waiting.has(container.name) &&
        container.imagePullPolicy === 'IfNotPresent' &&
        fullName(container.image ?? '') === image,
    );
  });
}
