/** What a `kn service apply` makes, as far as it is used here (client, pkg/flags/podspec.go and pkg/commands/service). */
export interface KnService {
  readonly metadata: { name: string; namespace?: string; labels: Record<string, string> };
  readonly annotations: Record<string, string>;
  readonly spec: Record<string, unknown>;
  readonly container: Record<string, unknown>;
}

const splitAt = (text: string, separator: string): [string, string] => {
  const at = text.indexOf(separator);
  if (at < 0) throw new Error(`${text}: no ${separator}`);
  return [text.slice(0, at), text.slice(at + separator.length)];
};
const pairs = (text: string) => Object.fromEntries(text.split(',').map((pair) => splitAt(pair, '=')));

/** `http:HOST:PORT:PATH`. */
function probe(text: string) {
  const [scheme, host, port, path] = text.split(':');
  if (scheme !== 'http' || host !== '') throw new Error(`${text}: expected http::PORT:PATH`);
  return { httpGet: { path, port: Number(port) } };
}

const set = (target: object, field: string, value: unknown) => void Object.assign(target, { [field]: value });

type Flag = (service: KnService, value: string) => void;
const inContainer =
  (field: string, parse: (value: string) => unknown): Flag =>
  ({ container }, value) =>
    set(container, field, parse(value));

function resources(kind: 'requests' | 'limits'): Flag {
  return ({ container }, value) => {
    container['resources'] = { ...(container['resources'] as object | undefined), [kind]: pairs(value) };
  };
}

function security(more: object): Flag {
  return ({ container }) => {
    container['securityContext'] = { ...(container['securityContext'] as object | undefined), ...more };
  };
}

const flags: Record<string, Flag> = {
  '--namespace': ({ metadata }, value) => set(metadata, 'namespace', value),
  '--image': inContainer('image', String),
  '--arg': inContainer('args', (value) => [value]),
  '--service-account': ({ spec }, value) => set(spec, 'serviceAccountName', value),
  '--scale-min': ({ annotations }, value) => set(annotations, 'autoscaling.knative.dev/min-scale', value),
  '--scale-max': ({ annotations }, value) => set(annotations, 'autoscaling.knative.dev/max-scale', value),
  '--request': resources('requests'),
  '--limit': resources('limits'),
  '--env-from': inContainer('envFrom', (value) => {
    const [kind, name] = splitAt(value, ':');
    if (kind !== 'config-map') throw new Error(`${value}: expected config-map:NAME`);
    return [{ configMapRef: { name } }];
  }),
  '--port': inContainer('ports', (value) => {
    const [name, port] = splitAt(value, ':');
    return [{ name, containerPort: Number(port) }];
  }),
  '--user': (service, value) => security({ runAsUser: Number(value) })(service, value),
  '--security-context': (service, value) => {
    if (value !== 'strict') throw new Error(`--security-context ${value}: expected strict`);
    security({
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    })(service, value);
  },
  '--probe-readiness': inContainer('readinessProbe', probe),
  '--probe-liveness': inContainer('livenessProbe', probe),
  '--label-service': ({ metadata }, value) => {
    const [name, label] = splitAt(value, '=');
    metadata.labels[name] = label;
  },
};

/** Reads the arguments of one `kn service apply`. Throws for what it does not know. */
export function knServiceApply([noun, verb, name = '', ...rest]: readonly string[]): KnService {
  if (noun !== 'service' || verb !== 'apply') throw new Error(`kn ${noun} ${verb}: expected kn service apply`);
  const service: KnService = { metadata: { name, labels: {} }, annotations: {}, spec: {}, container: {} };
  const words = [...rest];
  for (let flag = words.shift(); flag !== undefined; flag = words.shift()) {
    if (flag === '--cluster-local') {
      service.metadata.labels['networking.knative.dev/visibility'] = 'cluster-local';
      continue;
    }
    const value = words.shift();
    const apply = flags[flag];
    if (apply === undefined || value === undefined) throw new Error(`${flag}: unknown, or without a value`);
    apply(service, value);
  }
  return service;
}
