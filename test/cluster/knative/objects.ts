import * as z from 'zod';
import type { Kube, KubeObject } from '../kube.ts';
import { systemNamespace } from './programs.ts';

const destination = z.union([
  z.object({ uri: z.string() }),
  z.object({ ref: z.object({ name: z.string(), namespace: z.string().exactOptional() }) }),
]);
const metadata = z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).exactOptional() });
const brokerSchema = z.object({ metadata });
const triggerSchema = z.object({
  metadata,
  spec: z.looseObject({
    subscriber: destination,
    delivery: z.looseObject({ deadLetterSink: destination.exactOptional() }).exactOptional(),
  }),
});

const brokerName = 'default';
const channelName = `${brokerName}-kne-trigger`;

/** Path of a broker at the ingress. */
export const brokerPath = (namespace: string) => `/${namespace}/${brokerName}`;
export const ingressHost = `broker-ingress.${systemNamespace}.svc.cluster.local`;
export const filterHost = `broker-filter.${systemNamespace}.svc.cluster.local`;
export const channelHost = (namespace: string) => `${channelName}-kn-channel.${namespace}.svc.cluster.local`;
/** The host name of a Service, Kubernetes' or Knative's. */
export const serviceHost = (name: string, namespace: string) => `${name}.${namespace}.svc.cluster.local`;

/**
 * Creates the Broker and the Triggers of manifests, and what Knative's controllers would add and report: a channel, and
 * statuses. `redelivery` takes the place of what the Triggers say about retries.
 */
export async function writeBroker(
  kube: Kube,
  namespace: string,
  manifests: readonly { kind: string }[],
  redelivery: object = {},
): Promise<void> {
  const broker = brokerSchema.parse(manifests.find(({ kind }) => kind === 'Broker'));
  const triggers = manifests.filter(({ kind }) => kind === 'Trigger').map((one) => triggerSchema.parse(one));
  const ingress = `http://${ingressHost}${brokerPath(namespace)}`;
  const channel = `http://${channelHost(namespace)}`;
  await put(kube, 'eventing.knative.dev/v1', 'brokers', {
    kind: 'Broker',
    metadata: { ...broker.metadata, name: brokerName, namespace },
    spec: {},
    status: {
      conditions: ready('Addressable', 'FilterReady', 'IngressReady', 'TriggerChannelReady'),
      address: { url: ingress },
      annotations: {
        'knative.dev/channelAddress': channel,
        'knative.dev/channelAPIVersion': 'messaging.knative.dev/v1',
        'knative.dev/channelKind': 'InMemoryChannel',
        'knative.dev/channelName': channelName,
      },
    },
  });
  const subscribers = await Promise.all(
    triggers.map(async ({ metadata: { name }, spec }) => {
      const subscriberUri = address(spec.subscriber, namespace);
      const { deadLetterSink, ...own } = spec.delivery ?? {};
      const delivery = { ...own, ...redelivery };
      const dead = deadLetterSink && { deadLetterSinkUri: address(deadLetterSink, namespace) };
      const { metadata } = await put(kube, 'eventing.knative.dev/v1', 'triggers', {
        kind: 'Trigger',
        metadata: { name, namespace },
        spec: { ...spec, broker: brokerName },
        status: {
          conditions: ready('BrokerReady', 'SubscriberResolved', 'SubscriptionReady', 'DependencyReady'),
          subscriberUri,
          ...dead,
        },
      });
      return {
        uid: metadata.uid,
        generation: 1,
        subscriberUri: `http://${filterHost}/triggers/${namespace}/${name}/${metadata.uid}`,
        replyUri: ingress,
        delivery: { ...delivery, ...(dead && { deadLetterSink: { uri: dead.deadLetterSinkUri } }) },
      };
    }),
  );
  await put(kube, 'messaging.knative.dev/v1', 'inmemorychannels', {
    kind: 'InMemoryChannel',
    metadata: {
      name: channelName,
      namespace,
      annotations: {
        'messaging.knative.dev/subscribable': 'v1',
        'eventing.knative.dev/scope': 'cluster',
        ...broker.metadata.annotations,
      },
    },
    spec: { subscribers },
    status: {
      conditions: ready('Addressable', 'ChannelServiceReady', 'DispatcherReady', 'EndpointsReady', 'ServiceReady'),
      address: { url: channel },
      subscribers: subscribers.map(({ uid, generation }) => ({ uid, observedGeneration: generation, ready: 'True' })),
    },
  });
}

function address(to: z.infer<typeof destination>, namespace: string): string {
  return 'uri' in to ? to.uri : `http://${serviceHost(to.ref.name, to.ref.namespace ?? namespace)}`;
}

const ready = (...conditions: string[]) =>
  ['Ready', ...conditions].map((type) => ({ type, status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }));

interface Put {
  kind: string;
  metadata: { name: string; namespace: string; annotations?: Record<string, string> };
  spec: object;
  status: object;
}

/** Creates an object and writes its status: a status without observedGeneration counts as none. */
async function put(kube: Kube, apiVersion: string, plural: string, { status, ...object }: Put): Promise<KubeObject> {
  const path = `/apis/${apiVersion}/namespaces/${object.metadata.namespace}/${plural}`;
  const created = await kube.post(path, { apiVersion, ...object });
  await kube.patch(`${path}/${object.metadata.name}/status`, { status: { ...status, observedGeneration: 1 } });
  return created;
}
