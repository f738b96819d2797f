import { type Mirror, parseMirror } from '../images/mirrors.ts';
import { publicRegistries } from '../images/rules.ts';
import { repositoryPattern } from '../images/secret-repositories.ts';
import { type PerNode, splitPerNode } from './per-node.ts';

/** What is wrong with a value; the value itself is not repeated where it is a secret. */
export class Wrong {
  readonly what: string;
  readonly secret: boolean;

  constructor(what: string, secret = false) {
    this.what = what;
    this.secret = secret;
  }
}

export function mirrors(text: string): Mirror[] | Wrong {
  const entries = list(text);
  if (entries.length === 0) return new Wrong('expected at least one mirror');
  const parsed = entries.map(parseMirror);
  const wrong = parsed.flatMap((mirror, index) => (typeof mirror === 'string' ? [`entry ${index + 1} ${mirror}`] : []));
  if (wrong.length > 0) return new Wrong(wrong.join('; '), text.includes('@'));
  return parsed.filter((mirror) => typeof mirror !== 'string');
}

export function registryList(text: string): string[] | undefined | Wrong {
  const entries = list(text.toLowerCase());
  const wrong = entries.find((entry) => entry !== '*' && !/^(\*\.)?([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d+)?$/.test(entry));
  if (wrong !== undefined) return new Wrong(`"${shorten(wrong)}" is not a registry host, *.domain or *`);
  return entries.length === 0 ? undefined : entries;
}

/** A registry that the operator gave a mirror of its own is meant to be asked for. */
export function openRegistries(named: string[] | undefined, mirrors: readonly Mirror[] | undefined): string[] {
  const hostForms = (mirrors ?? []).flatMap(({ registry }) => registry ?? []);
  return [...new Set([...(named ?? publicRegistries), ...hostForms])];
}

/** The name of a Secret (RFC 1123); undefined: none. */
export function secretName(text: string): string | undefined | Wrong {
  if (text === '') return undefined;
  return /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text) ? text : new Wrong("not a Secret's name");
}

export function repositoryPatterns(text: string): string[] | Wrong {
  const found: string[] = [];
  for (const entry of list(text)) {
    const pattern = repositoryPattern(entry);
    if (pattern === undefined) return new Wrong(`"${shorten(entry)}" is no registry/repository, registry/path/* or *`);
    found.push(pattern);
  }
  return found;
}

export function namespaceName(text: string): string | Wrong {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text) ? text : new Wrong('not a namespace name');
}

export function namespaceNames(text: string): string[] | undefined | Wrong {
  const entries = list(text);
  const wrong = entries.find((entry) => namespaceName(entry) instanceof Wrong);
  if (wrong !== undefined) return new Wrong(`"${shorten(wrong)}" is not a namespace name`);
  return entries.length === 0 ? undefined : entries;
}

export function seconds(least: number, most: number): (text: string) => number | Wrong {
  return (text) =>
    /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most
      ? Number(text)
      : new Wrong(`expected whole seconds from ${least} to ${most}`);
}

export function count(text: string): number | Wrong {
  return /^[1-9]\d{0,3}$/.test(text) ? Number(text) : new Wrong('expected a number from 1 to 9999');
}

export function oneOf<T extends string>(...values: T[]): (text: string) => T | Wrong {
  return (text) => values.find((value) => value === text) ?? new Wrong(`expected one of ${values.join(', ')}`);
}

/** Values, comma separated, those with a label in front for the nodes that have it. */
export function perNode(check: (value: string) => string | Wrong): (text: string) => PerNode[] | Wrong {
  return (text) => {
    const found: PerNode[] = [];
    for (const entry of list(text)) {
      const split = splitPerNode(entry);
      if (split === undefined) return new Wrong(`"${shorten(entry)}" begins with no node label`);
      const value = check(split.value);
      if (value instanceof Wrong) return new Wrong(`"${shorten(entry)}": ${value.what}`);
      found.push({ ...split, value });
    }
    return found;
  };
}

export function selinuxType(text: string): string | Wrong {
  return /^[a-z][a-z0-9_]{0,62}$/.test(text) ? text : new Wrong('not an SELinux type');
}

export function absolutePath(text: string): string | Wrong {
  return /^\/[^\0:,]*$/.test(text) && !text.split('/').includes('..')
    ? text.replace(/\/+$/, '')
    : new Wrong('expected an absolute path');
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

export function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
