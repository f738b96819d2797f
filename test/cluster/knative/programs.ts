import { join } from 'node:path';
import * as z from 'zod';
import type { Component } from '../site.ts';

/** Where Knative's own objects are. */
export const systemNamespace = 'knative-eventing';

/** Fixed in the channel dispatcher. */
export const dispatcherPort = 8080;

interface Place {
  /** The folder of the built programs. */
  programs: string;
  kubeconfig: string;
  /** The name proxy. */
  proxy: string;
}

/** The broker's data plane: ingress, filter, and the dispatcher of in-memory channels. */
export function brokerPrograms(
  place: Place,
  ports: { ingress: number; filter: number; unused: number[] },
): Component[] {
  const [ingressTls = 0, filterTls = 0] = ports.unused;
  return [
    program(place, 'ingress', ports.ingress, {
      INGRESS_PORT: `${ports.ingress}`,
      INGRESS_PORT_HTTPS: `${ingressTls}`,
    }),
    program(place, 'filter', ports.filter, {
      NAMESPACE: systemNamespace,
      FILTER_PORT: `${ports.filter}`,
      FILTER_PORT_HTTPS: `${filterTls}`,
    }),
    program(place, 'channel_dispatcher', dispatcherPort, {
      MAX_IDLE_CONNS: '1000',
      MAX_IDLE_CONNS_PER_HOST: '100',
    }),
  ];
}

function program(place: Place, name: string, port: number, env: Record<string, string>): Component {
  return {
    name: `knative-${name}`,
    command: join(place.programs, name),
    args: [],
    env: {
      KUBECONFIG: place.kubeconfig,
      HTTP_PROXY: place.proxy,
      SYSTEM_NAMESPACE: systemNamespace,
      POD_NAME: name,
      CONTAINER_NAME: name,
      CONFIG_LOGGING_NAME: 'config-logging',
      CONFIG_OBSERVABILITY_NAME: 'config-observability',
      CONFIG_TRACING_NAME: 'config-tracing',
      CONFIG_LEADERELECTION_NAME: 'config-leader-election',
      ...env,
    },
    // as the kubelet: to anybody else these answer as to an event
    ready: async () =>
      (await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { 'user-agent': 'kube-probe/1' } })).ok,
  };
}

const selectorSchema = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).default({}),
  matchExpressions: z.array(z.strictObject({ key: z.string(), operator: z.literal('Exists') })).default([]),
});
const namespaceLabel = 'kubernetes.io/metadata.name';

/** An ApiServerSource as a manifest has it, as far as its adapter is told of it. */
export const sourceSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.strictObject({
    mode: z.string(),
    namespaceSelector: z.strictObject({ matchLabels: z.strictObject({ [namespaceLabel]: z.string() }).optional() }),
    resources: z.array(
      z.strictObject({ apiVersion: z.string(), kind: z.string(), selector: selectorSchema.optional() }),
    ),
    ceOverrides: z.object({ extensions: z.record(z.string(), z.string()) }).optional(),
    serviceAccountName: z.string(),
    sink: z.object({ ref: z.object({ kind: z.literal('Broker'), name: z.string() }) }),
  }),
});
export type Source = z.infer<typeof sourceSchema>;

/** K_SOURCE_CONFIG of a source's adapter. */
export function adapterConfig({ spec }: Source) {
  const only = spec.namespaceSelector.matchLabels?.[namespaceLabel];
  return {
    namespaces: [only ?? ''],
    allNamespaces: only === undefined,
    resources: spec.resources.map(({ apiVersion, kind, selector }) => {
      const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
      return {
        gvr: { Group: group, Version: version, Resource: `${kind.toLowerCase()}s` },
        ...(selector !== undefined && { selector: labelSelector(selector) }),
      };
    }),
    mode: spec.mode,
    filters: [],
  };
}

/**
 * The adapter of one ApiServerSource, started as its controller would start it (eventing's
 * reconciler/apiserversource/resources/receive_adapter.go).
 */
export function sourceAdapter(place: Place, sink: string, source: Source): Component {
  const {
    metadata: { name, namespace },
    spec,
  } = source;
  return {
    name: `source-${name}`,
    command: join(place.programs, 'apiserver_receive_adapter'),
    args: ['-kubeconfig', place.kubeconfig],
    env: {
      KUBECONFIG: place.kubeconfig,
      HTTP_PROXY: place.proxy,
      SYSTEM_NAMESPACE: systemNamespace,
      NAMESPACE: namespace,
      NAME: name,
      K_SINK: sink,
      K_SINK_TIMEOUT: '-1',
      K_SOURCE_CONFIG: JSON.stringify(adapterConfig(source)),
      ...(spec.ceOverrides === undefined ? {} : { K_CE_OVERRIDES: JSON.stringify(spec.ceOverrides) }),
      K_LOGGING_CONFIG: '{}',
      K_OBSERVABILITY_CONFIG: '{}',
      K_LEADER_ELECTION_CONFIG: '',
    },
  };
}

function labelSelector({ matchLabels, matchExpressions }: z.infer<typeof selectorSchema>): string {
  const exist = matchExpressions.map(({ key }) => key);
  return [...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`), ...exist].join(',');
}
