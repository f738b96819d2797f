import type { Mirror } from '../images/mirrors.ts';
import { parseReference } from '../images/reference.ts';
import type { ImageRules } from '../images/rules.ts';
import type { MirrorSecret } from '../images/secret-repositories.ts';
import {
  absolutePath,
  count,
  mirrors,
  namespaceName,
  namespaceNames,
  oneOf,
  openRegistries,
  perNode,
  registryList,
  repositoryPatterns,
  seconds,
  secretName,
  selinuxType,
  shorten,
  Wrong,
} from './parse.ts';
import type { PerNode } from './per-node.ts';
import { type Variable, variables } from './variables.ts';

/** Everything that operators set, checked. Durations are seconds. */
export interface Config {
  readonly rules: ImageRules;
  readonly kubeFledgedNamespace: string;
  readonly pullNamespace: string;
  /** Undefined: all. */
  readonly includeNamespaces: readonly string[] | undefined;
  readonly excludeNamespaces: readonly string[];
  /** Between sweeps of the one process. */
  readonly checkInterval: number;
  /** Who brings images: Jobs of ours; kube-fledged first; or nobody, and the pods are given a mirror's address. */
  readonly puller: 'job' | 'patch' | 'kube-fledged';
  /** Which references may come back under their own name; pods of all others are given a mirror's address. */
  readonly nameOnNode: 'any' | 'digest' | 'never';
  /** Only say what would be done. */
  readonly dryRun: boolean;
  /** How long a pull may show no end before a person is told. */
  readonly hangAfter: number;
  /** Whether a host configuration folder may be used at all. */
  readonly route: 'auto' | 'off';
  /** How long a route stays up after it served its pull. */
  readonly routeHold: number;
  /** How long a pull Job is remembered, and a failed one not repeated, after its pull container ended. */
  readonly coolDown: number;
  /** Most pulls whose container has not ended, in all, per node, and per namespace that asked. */
  readonly pullsAtOnce: number;
  readonly pullsPerNode: number;
  readonly rescuesPerNamespace: number;
  /** How long one pull may take. */
  readonly pullDeadline: number;
  /** How long a pull pod may take to start. */
  readonly startDeadline: number;
  readonly nodeImage: string;
  /** Undefined: no mirror is given credentials. */
  readonly mirrorSecret: MirrorSecret | undefined;
  /** Where a node has none of these, its container runtime decides. */
  readonly runtimeSocket: readonly PerNode[];
  readonly hostConfigFolder: readonly PerNode[];
  readonly selinuxType: readonly PerNode[];
  readonly logLevel: string;
}

/** What is wrong with the environment, one line per problem, each with the variable, what it got and an example. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Reads the environment. Throws ConfigError with all problems at once. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const read = <T>(name: Variable['name'], parse: (text: string) => T | Wrong): T => {
    const variable = variables.find((known) => known.name === name) as Variable;
    const set = env[name]?.trim() ?? '';
    const got = parse(set === '' ? (variable.default ?? '') : set);
    if (!(got instanceof Wrong)) return got;
    const value = set === '' ? 'is not set' : got.secret ? '' : `is ${JSON.stringify(shorten(set))}`;
    problems.push(`${name} ${[value, got.what].filter(Boolean).join(': ')}. Example: ${name}=${variable.example}`);
    return undefined as never; // never seen by a caller: the problems are thrown below
  };

  const proxies = read('DOCKER_PROXY_URL', mirrors);
  const secret = read('MIRROR_PULL_SECRET', secretName);
  const repositories = read('MIRROR_SECRET_REPOSITORIES', repositoryPatterns);
  if ((secret === undefined) !== (repositories?.length === 0) && repositories !== undefined)
    problems.push(
      'MIRROR_PULL_SECRET and MIRROR_SECRET_REPOSITORIES: one is set and the other is not; either both or neither. Example: MIRROR_PULL_SECRET=mirror MIRROR_SECRET_REPOSITORIES=docker.io/team/*',
    );
  const config: Config = {
    rules: {
      mirrors: proxies,
      mirrorRegistries: openRegistries(read('MIRROR_REGISTRIES', registryList), proxies),
      neverRegistries: read('NO_PROXY_DOCKER_DOMAIN', registryList) ?? [],
      verifyDigest: read('VERIFY_DIGEST', oneOf('pinned', 'quorum')),
    },
    kubeFledgedNamespace: read('KUBE_FLEDGED_NAMESPACE', namespaceName),
    pullNamespace: read('PULL_NAMESPACE', namespaceName),
    includeNamespaces: read('INCLUDE_NAMESPACES', namespaceNames),
    excludeNamespaces: read('EXCLUDE_NAMESPACES', namespaceNames) ?? [],
    checkInterval: read('IMAGE_CHECK_INTERVAL', seconds(1, 86_400)),
    puller: read('PULLER', oneOf('job', 'patch', 'kube-fledged')),
    nameOnNode: read('NAME_ON_NODE', oneOf('any', 'digest', 'never')),
    dryRun: read('DRY_RUN', oneOf('true', 'false')) === 'true',
    hangAfter: read('HANG_AFTER', seconds(10, 86_400)),
    route: read('ROUTE', oneOf('auto', 'off')),
    routeHold: read('ROUTE_HOLD', seconds(0, 3_600)),
    coolDown: read('COOL_DOWN', seconds(1, 86_400)),
    pullsAtOnce: read('PULLS_AT_ONCE', count),
    pullsPerNode: read('PULLS_PER_NODE', count),
    rescuesPerNamespace: read('RESCUES_PER_NAMESPACE', count),
    pullDeadline: read('PULL_DEADLINE', seconds(5, 86_400)),
    startDeadline: read('START_DEADLINE', seconds(5, 86_400)),
    nodeImage: read('NODE_IMAGE', (text) => (parseReference(text) ? text : new Wrong('not an image reference'))),
    mirrorSecret: secret === undefined ? undefined : { name: secret, repositories },
    runtimeSocket: read('RUNTIME_SOCKET', perNode(absolutePath)),
    hostConfigFolder: read('HOST_CONFIG_FOLDER', perNode(absolutePath)),
    selinuxType: read('SELINUX_TYPE', perNode(selinuxType)),
    logLevel: read('LOG_LEVEL', oneOf('debug', 'info', 'warn', 'error')),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** The mirrors of a DOCKER_PROXY_URL. Throws ConfigError. */
export function mirrorList(text: string): Mirror[] {
  const parsed = mirrors(text);
  if (parsed instanceof Wrong) throw new ConfigError([`DOCKER_PROXY_URL: ${parsed.what}`]);
  return parsed;
}
