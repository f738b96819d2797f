import type { Pod } from '../shared/pods/pod.ts';

/** What a test says about one container; the rest is an ordinary one that waits for its image. */
export interface ContainerParts {
  readonly name?: string;
  readonly image?: string;
  readonly imagePullPolicy?: string;
  /** Waiting reason; absent: it runs. */
  readonly waiting?: string;
  readonly message?: string;
}

/** A pod as the API server tells it, of which a test names only what it is about. */
export function aPod(
  parts: { metadata?: Partial<Pod['metadata']>; containers?: ContainerParts[]; phase?: string; nodeName?: string } = {},
): Pod {
  const containers = (parts.containers ?? [{ waiting: 'ErrImagePull' }]).map((one, index) => ({
    name: `c${index}`,
    image: 'docker.io/library/demo:1',
    ...one,
  }));
  return {
    metadata: { name: 'web-1', namespace: 'default', uid: 'uid-web-1', resourceVersion: '7', ...parts.metadata },
    spec: {
      nodeName: parts.nodeName ?? 'node1',
      containers: containers.map(({ name, image, imagePullPolicy = 'IfNotPresent' }) => ({
        name,
        image,
        imagePullPolicy,
      })),
    },
    status: {
      phase: parts.phase ?? 'Pending',
      containerStatuses: containers.map(({ name, image, waiting, message = '' }) => ({
        name,
        image,
        state: waiting === undefined ? { running: {} } : { waiting: { reason: waiting, message } },
      })),
    },
  };
}
