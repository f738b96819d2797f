import { keepsPullRecords, type Node } from '../cluster/node.ts';
import type { Config } from '../config/config.ts';
import { type MirrorAddress, mirrorImage } from '../images/mirrors.ts';
import { type ImageReference, imageName, manifestReference, parseReference } from '../images/reference.ts';
import { askableMirrors } from '../images/rules.ts';
import { mayNeedSecret, pullSecrets } from '../images/secret-repositories.ts';
import type { Elsewhere } from '../pods/elsewhere.ts';
import { programFolder, secretFile, secretFolder, talkFolder } from './folders.ts';
import { cleanName, marks, pullName } from './name.ts';
import type { NodePaths } from './node-paths.ts';
import type { Task } from './task.ts';

/** What a Job needs to know that is not the image's. */
export interface JobSettings
  extends Pick<
    Config,
    | 'rules'
    | 'pullNamespace'
    | 'routeHold'
    | 'coolDown'
    | 'pullDeadline'
    | 'startDeadline'
    | 'nodeImage'
    | 'mirrorSecret'
  > {
  /** Name of the ConfigMap that holds the pull program. */
  readonly program: string;
}

/** One attempt at one image on one node. */
export interface PullOrder {
  readonly image: ImageReference;
  readonly mirrors: readonly MirrorAddress[];
  readonly node: Node;
  readonly paths: NodePaths;
  /** From 1. */
  readonly attempt: number;
  /** `namespace/name` of the pod that asked first. */
  readonly askedBy: string;
  /** As which digests other nodes run the image. */
  readonly elsewhere?: readonly Elsewhere[];
  /** Where kube-fledged was asked first: the address that it was given, and how it ended. */
  readonly fledged?: { readonly address: string; readonly said: string };
}

/** The Job that brings one image to one node; see README, "What runs on the node". */
export function pullJob(order: PullOrder, settings: JobSettings) {
  const { image, mirrors, node, paths, attempt, askedBy, elsewhere = [], fledged } = order;
  const name = imageName(image);
  const records = keepsPullRecords(node.kubelet);
  const secret = mayNeedSecret(image, settings.mirrorSecret) ? settings.mirrorSecret : undefined;
  const task: Task = {
    image: name,
    registry: image.registry,
    repository: image.repository,
    reference: manifestReference(image),
    mirrors: [...mirrors],
    verifyDigest: settings.rules.verifyDigest,
    ...(elsewhere.length > 0 && { elsewhere: [...elsewhere] }),
    ...(paths.socket !== undefined && { socket: paths.socket }),
    ...(paths.onlyPatch !== undefined && { onlyPatch: paths.onlyPatch }),
    ...(paths.hostConfigFolder !== undefined && { hostConfigFolder: paths.hostConfigFolder }),
    ...(attempt > 1 && records && { nameAddress: true }),
    ...(fledged !== undefined && { fledged: fledged.address }),
    ...(secret !== undefined && { credentials: true }),
    routeHold: settings.routeHold,
    deadline: settings.pullDeadline,
  };
  const keyring = secret === undefined ? [] : [{ ...mount('mirror-secret', secretFolder), readOnly: true }];
  const talk = mount('talk', talkFolder);
  const folder = paths.hostConfigFolder === undefined ? [] : [mount('host-config', paths.hostConfigFolder)];
  const socket = paths.socket === undefined ? [] : [mount('runtime-socket', paths.socket)];
  return job({
    name: pullName(node.uid, name, attempt),
    kind: 'pull',
    node,
    annotations: {
      [marks.image]: name,
      [marks.askedBy]: askedBy,
      [marks.attempt]: String(attempt),
      [marks.pullRecords]: String(records),
      ...(fledged !== undefined && { [marks.fledged]: fledged.said }),
    },
    seconds: settings.startDeadline + settings.pullDeadline + settings.routeHold,
    containers: [
      container('registry', task, [talk, ...folder, ...keyring], settings, paths),
      container('pull', task, [talk, ...socket], settings, paths),
    ],
    volumes: [
      { name: 'talk', emptyDir: { sizeLimit: '1Mi' } },
      ...(paths.socket === undefined
        ? []
        : [{ name: 'runtime-socket', hostPath: { path: paths.socket, type: 'Socket' } }]),
      ...hostConfigVolume(paths),
      ...(secret === undefined ? [] : [secretVolume(secret.name)]),
    ],
    settings,
  });
}

/** The Job that takes down what a crashed pull pod left in the host configuration folder. */
export function cleanJob(
  pullPodUid: string,
  node: Node,
  paths: NodePaths & { hostConfigFolder: string },
  settings: JobSettings,
) {
  return job({
    name: cleanName(pullPodUid),
    kind: 'clean',
    node,
    annotations: {},
    seconds: settings.startDeadline,
    containers: [
      container(
        'clean',
        { hostConfigFolder: paths.hostConfigFolder },
        [mount('host-config', paths.hostConfigFolder)],
        settings,
        paths,
      ),
    ],
    volumes: hostConfigVolume(paths),
    settings,
  });
}

/** Where the Node image may be had: at the mirrors that serve its registry, last at its own address. */
export function nodeImages({ nodeImage, rules }: Pick<Config, 'nodeImage' | 'rules'>): string[] {
  const reference = parseReference(nodeImage);
  if (reference === undefined) return [nodeImage];
  const mirrors = askableMirrors(reference, rules);
  return [...('refused' in mirrors ? [] : mirrors.map((mirror) => mirrorImage(mirror, reference))), nodeImage];
}

interface JobParts {
  readonly name: string;
  readonly kind: 'pull' | 'clean';
  readonly node: Node;
  readonly annotations: Record<string, string>;
  /** The Job's deadline; the program's own is shorter, so that it can still say why. */
  readonly seconds: number;
  readonly containers: unknown[];
  readonly volumes: unknown[];
  readonly settings: JobSettings;
}

function job({ name, kind, node, annotations, seconds, containers, volumes, settings }: JobParts) {
  const labels = { 'app.kubernetes.io/managed-by': 'image-rescue', [marks.kind]: kind, [marks.node]: node.uid };
  const marked = { ...annotations, [marks.nodeImages]: JSON.stringify(nodeImages(settings)) };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: settings.pullNamespace, labels, annotations: marked },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: seconds,
      ttlSecondsAfterFinished: settings.coolDown,
      template: {
        metadata: { labels, annotations: marked },
        spec: {
          // Straight to the kubelet: a scheduler would refuse a cordoned or NotReady node.
          nodeName: node.name,
          tolerations: [{ operator: 'Exists' }],
          // A node whose network plugin is itself the stuck pod runs only such pods.
          hostNetwork: true,
          dnsPolicy: 'Default',
          restartPolicy: 'Never',
          activeDeadlineSeconds: seconds,
          terminationGracePeriodSeconds: 10,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          ...pullSecrets(parseReference(settings.nodeImage), settings.mirrorSecret),
          containers,
          volumes: [{ name: 'program', configMap: { name: settings.program } }, ...volumes],
        },
      },
    },
  };
}

function container(
  name: string,
  task: unknown,
  mounts: unknown[],
  settings: JobSettings,
  { selinuxType }: Pick<NodePaths, 'selinuxType'>,
) {
  return {
    name,
    image: nodeImages(settings)[0],
    imagePullPolicy: 'IfNotPresent',
    command: ['node', `${programFolder}/pull.cjs`, name],
    env: [{ name: 'TASK', value: JSON.stringify(task) }],
    volumeMounts: [{ ...mount('program', programFolder), readOnly: true }, ...mounts],
    securityContext: {
      // The runtime's socket and the host configuration folder belong to root.
      runAsUser: 0,
      runAsGroup: 0,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
      ...(selinuxType !== undefined && { seLinuxOptions: { type: selinuxType } }),
    },
  };
}

/** A Secret's volume is in memory (tmpfs). Not by environment variable: container runtimes write those to disk. */
function secretVolume(secretName: string) {
  const items = [{ key: '.dockerconfigjson', path: secretFile }];
  // Without it the pod begins all the same, and says what is missing.
  return { name: 'mirror-secret', secret: { secretName, items, defaultMode: 0o400, optional: true } };
}

function mount(name: string, mountPath: string) {
  return { name, mountPath };
}

function hostConfigVolume({ hostConfigFolder: path }: NodePaths) {
  return path === undefined ? [] : [{ name: 'host-config', hostPath: { path, type: 'DirectoryOrCreate' } }];
}
