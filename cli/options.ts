import { readArguments, UsageError } from '../shared/config/command-line.ts';
import { namespaceName, Wrong } from '../shared/config/parse.ts';

/** What was asked for. */
export type Options = { readonly command: 'help' } | StatusOptions | ExplainOptions;

export interface StatusOptions extends Common {
  readonly command: 'status';
  readonly watch: boolean;
}

export interface ExplainOptions extends Common {
  readonly command: 'explain';
  readonly pod: string;
}

interface Common {
  /** Undefined: all for `status`, the context's own for `explain`. */
  readonly namespace?: string;
  readonly pullNamespace: string;
  readonly output: 'text' | 'json';
  readonly kubeconfig?: string;
  readonly context?: string;
}

const usualPullNamespace = 'image-rescue-pull';
/** As kubectl takes a pod's name: alone, or after its kind. */
const kinds = /^(pods?|po)\//;

/** Reads the command line. Throws UsageError. */
export function parseOptions(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Options {
  const { values, positionals } = readArguments({
    args: [...argv],
    allowPositionals: true,
    options: {
      namespace: { type: 'string', short: 'n' },
      'all-namespaces': { type: 'boolean', short: 'A', default: false },
      watch: { type: 'boolean', short: 'w', default: false },
      output: { type: 'string', short: 'o', default: 'text' },
      'pull-namespace': { type: 'string' },
      kubeconfig: { type: 'string' },
      context: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [command, ...rest] = positionals;
  if (values.help || command === 'help') return { command: 'help' };
  if (command === undefined) throw new UsageError('a command is missing: status or explain');
  if (command !== 'status' && command !== 'explain')
    throw new UsageError(`there is no command ${JSON.stringify(command)}: status or explain`);
  if (values.output !== 'text' && values.output !== 'json')
    throw new UsageError(`-o is ${JSON.stringify(values.output)}: json or text`);
  const [named, given] = command === 'explain' ? podName(rest) : [undefined, undefined];
  const namespace = values.namespace ?? given;
  const common = {
    ...(namespace !== undefined && { namespace: checked('the namespace', namespace) }),
    pullNamespace: checked(
      'the pull namespace',
      values['pull-namespace'] ?? (env['PULL_NAMESPACE'] || usualPullNamespace),
    ),
    output: values.output,
    ...(values.kubeconfig !== undefined && { kubeconfig: values.kubeconfig }),
    ...(values.context !== undefined && { context: values.context }),
  } as const;
  if (named !== undefined) {
    if (values.watch || values['all-namespaces']) throw new UsageError('explain is about one pod, once');
    return { command: 'explain', pod: named, ...common };
  }
  if (rest.length > 0) throw new UsageError(`status takes no ${JSON.stringify(rest[0])}; explain POD is about one pod`);
  if (values['all-namespaces'] && namespace !== undefined) throw new UsageError('-A and -n exclude each other');
  return { command: 'status', watch: values.watch, ...common };
}

/** `web-1`, `pod/web-1` or `default/web-1`. */
function podName(words: readonly string[]): [string, string | undefined] {
  const [word, ...more] = words;
  if (word === undefined) throw new UsageError('explain which pod?');
  if (more.length > 0) throw new UsageError(`explain is about one pod, not also about ${JSON.stringify(more[0])}`);
  const parts = word.replace(kinds, '').split('/');
  const name = parts.pop() ?? '';
  const namespace = parts.pop();
  if (parts.length > 0 || !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name))
    throw new UsageError(`${JSON.stringify(word)} is not the name of a pod`);
  return [name, namespace];
}

function checked(what: string, name: string): string {
  if (namespaceName(name) instanceof Wrong)
    throw new UsageError(`${what} is ${JSON.stringify(name)}: not a namespace name`);
  return name;
}
