import { type Mirror, parseMirror } from '../images/mirrors.ts';
import { parseReference } from '../images/reference.ts';
import type { ImageRules } from '../images/rules.ts';
import { publicRegistries } from '../images/rules.ts';
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
  /** Undefined: chosen by the node's container runtime. */
  readonly runtimeSocket: string | undefined;
  readonly hostConfigFolder: string | undefined;
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
  const config: Config = {
    rules: {
      mirrors: proxies,
      mirrorRegistries: openRegistries(read('MIRROR_REGISTRIES', registryList), proxies),
      neverRegistries: read('NO_PROXY_DOCKER_DOMAIN', registryList) ?? [],
    },
    kubeFledgedNamespace: read('KUBE_FLEDGED_NAMESPACE', namespaceName),
    pullNamespace: read('PULL_NAMESPACE', namespaceName),
    includeNamespaces: read('INCLUDE_NAMESPACES', namespaceNames),
    excludeNamespaces: read('EXCLUDE_NAMESPACES', namespaceNames) ?? [],
    checkInterval: read('IMAGE_CHECK_INTERVAL', seconds(1, 86_400)),
    route: read('ROUTE', oneOf('auto', 'off')),
    routeHold: read('ROUTE_HOLD', seconds(0, 3_600)),
    coolDown: read('COOL_DOWN', seconds(1, 86_400)),
    pullsAtOnce: read('PULLS_AT_ONCE', count),
    pullsPerNode: read('PULLS_PER_NODE', count),
    rescuesPerNamespace: read('RESCUES_PER_NAMESPACE', count),
    pullDeadline: read('PULL_DEADLINE', seconds(5, 86_400)),
    startDeadline: read('START_DEADLINE', seconds(5, 86_400)),
    nodeImage: read('NODE_IMAGE', (text) => (parseReference(text) ? text : new Wrong('not an image reference'))),
    runtimeSocket: read('RUNTIME_SOCKET', absolutePath),
    hostConfigFolder: read('HOST_CONFIG_FOLDER', absolutePath),
    logLevel: read('LOG_LEVEL', oneOf('debug', 'info', 'warn', 'error')),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

class Wrong {
  readonly what: string;
  readonly secret: boolean;

  constructor(what: string, secret = false) {
    this.what = what;
    this.secret = secret;
  }
}

/** The mirrors of a DOCKER_PROXY_URL. Throws ConfigError. */
export function mirrorList(text: string): Mirror[] {
  const parsed = mirrors(text);
  if (parsed instanceof Wrong) throw new ConfigError([`DOCKER_PROXY_URL: ${parsed.what}`]);
  return parsed;
}

function mirrors(text: string): Mirror[] | Wrong {
  const entries = list(text);
  if (entries.length === 0) return new Wrong('expected at least one mirror');
  const parsed = entries.map(parseMirror);
  const wrong = parsed.flatMap((mirror, index) => (typeof mirror === 'string' ? [`entry ${index + 1} ${mirror}`] : []));
  if (wrong.length > 0) return new Wrong(wrong.join('; '), text.includes('@'));
  return parsed.filter((mirror) => typeof mirror !== 'string');
}

function registryList(text: string): string[] | undefined | Wrong {
  const entries = list(text.toLowerCase());
  const wrong = entries.find((entry) => entry !== '*' && !/^(\*\.)?[a-z0-9.[\]-]+(:\d+)?$/.test(entry));
  if (wrong !== undefined) return new Wrong(`"${shorten(wrong)}" is not a registry host, *.domain or *`);
  return entries.length === 0 ? undefined : entries;
}

/** A registry that the operator gave a mirror of its own is meant to be asked for. */
function openRegistries(named: string[] | undefined, mirrors: readonly Mirror[] | undefined): string[] {
  const hostForms = (mirrors ?? []).flatMap(({ registry }) => registry ?? []);
  return [...new Set([...(named ?? publicRegistries), ...hostForms])];
}

function namespaceName(text: string): string | Wrong {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text) ? text : new Wrong('not a namespace name');
}

function namespaceNames(text: string): string[] | undefined | Wrong {
  const entries = list(text);
  const wrong = entries.find((entry) => namespaceName(entry) instanceof Wrong);
  if (wrong !== undefined) return new Wrong(`"${shorten(wrong)}" is not a namespace name`);
  return entries.length === 0 ? undefined : entries;
}

function seconds(least: number, most: number): (text: string) => number | Wrong {
  return (text) =>
    /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most
      ? Number(text)
      : new Wrong(`expected whole seconds from ${least} to ${most}`);
}

function count(text: string): number | Wrong {
  return /^[1-9]\d{0,3}$/.test(text) ? Number(text) : new Wrong('expected a number from 1 to 9999');
}

function oneOf<T extends string>(...values: T[]): (text: string) => T | Wrong {
  return (text) => values.find((value) => value === text) ?? new Wrong(`expected one of ${values.join(', ')}`);
}

function absolutePath(text: string): string | undefined | Wrong {
  if (text === '') return undefined;
  return /^\/[^\0:,]*$/.test(text) && !text.split('/').includes('..')
    ? text.replace(/\/+$/, '')
    : new Wrong('expected one absolute path');
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
