import { type Client, credentials, loadPackageDefinition, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { messages } from './messages.ts';

/** What an image record of the runtime points at. */
export interface Target {
  readonly media_type: string;
  readonly digest: string;
  /** Bytes, as text: it is an int64. */
  readonly size: string;
}

/** The container runtime of this node, as far as a pull needs it. Image names are full ones. Throws RuntimeError. */
export interface Runtime {
  /** Pulls by CRI, as the kubelet does, for at most so many milliseconds. */
  pull(image: string, timeout: number): Promise<void>;
  /** Whether CRI, and so the kubelet, sees the image. */
  sees(image: string): Promise<boolean>;
  /** The record of a name, or undefined. */
  target(image: string): Promise<Target | undefined>;
  /** Gives content that is there a further name; a name that is taken stays what it is. */
  name(image: string, target: Target): Promise<'named' | 'taken'>;
  /** Takes a name away; other names of the same content stay. */
  forget(image: string): Promise<void>;
  close(): void;
}

/** The runtime refused; the message is its own. */
export class RuntimeError extends Error {
  override name = 'RuntimeError';
}

type Call = (
  request: unknown,
  metadata: Metadata,
  options: { deadline: number },
  done: (error: ServiceError | null, answer: unknown) => void,
) => void;

/** containerd keeps what Kubernetes uses in this namespace. */
const kubernetesNamespace = 'k8s.io';
/** Milliseconds; a pull has its own. */
const quickly = 30_000;

/** @param socket path of the runtime's socket */
export function connectRuntime(socket: string): Runtime {
  const definition = loadPackageDefinition(
    fromJSON(structuredClone(messages) as unknown as Parameters<typeof fromJSON>[0], {
      keepCase: true,
      longs: String,
      defaults: true,
    }),
  );
  const service = (path: string): Client => {
    let found: unknown = definition;
    for (const part of path.split('.')) found = (found as Record<string, unknown>)[part];
    return new (found as new (address: string, creds: unknown) => Client)(
      `unix:${socket}`,
      credentials.createInsecure(),
    );
  };
  const cri = service('runtime.v1.ImageService');
  const images = service('containerd.services.images.v1.Images');

  function call(client: Client, method: string, request: unknown, timeout = quickly): Promise<unknown> {
    const metadata = new Metadata();
    if (client === images) metadata.set('containerd-namespace', kubernetesNamespace);
    return new Promise((resolve, reject) => {
      const invoke = (client as unknown as Record<string, Call>)[method] as Call;
      invoke.call(client, request, metadata, { deadline: Date.now() + timeout }, (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
  }

  /** Undefined where the runtime answers with this code. */
  async function unless<T>(
    code: status,
    ask: Promise<T>,
    late = 'the container runtime did not answer in time',
  ): Promise<T | undefined> {
    try {
      return await ask;
    } catch (error) {
      const { code: got, details, message } = error as ServiceError;
      if (got === code) return undefined;
      throw new RuntimeError([status.DEADLINE_EXCEEDED, status.CANCELLED].includes(got) ? late : details || message, {
        cause: error,
      });
    }
  }

  return {
    pull: async (image, timeout) => {
      const late = `the pull did not end within ${timeout / 1000} s`;
      await unless(status.OK, call(cri, 'PullImage', { image: { image } }, timeout), late);
    },
    sees: async (image) => {
      const answer = (await unless(status.NOT_FOUND, call(cri, 'ImageStatus', { image: { image } }))) as
        | { image?: unknown }
        | undefined;
      return Boolean(answer?.image);
    },
    target: async (image) => {
      const answer = (await unless(status.NOT_FOUND, call(images, 'Get', { name: image }))) as
        | { image?: { target?: Target } }
        | undefined;
      return answer?.image?.target;
    },
    name: async (image, target) => {
      const made = await unless(status.ALREADY_EXISTS, call(images, 'Create', { image: { name: image, target } }));
      return made === undefined ? 'taken' : 'named';
    },
    forget: async (image) => {
      await unless(status.NOT_FOUND, call(images, 'Delete', { name: image }));
    },
    close: () => {
      cri.close();
      images.close();
    },
  };
}
