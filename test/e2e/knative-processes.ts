import { kubeconfigOf } from './account.ts';
import { type KeptFunction, keepFunction } from './kept-function.ts';
import {
  type FunctionName,
  type FunctionOptions,
  type Functions,
  functionNames,
  type KnativeBed,
  type KnativeGround,
  namespace,
  withToken,
} from './knative-bed.ts';

/** The functions are processes of this machine. */
export interface ProcessBed extends KnativeBed {
  /** `api` takes the place of the API server's address. */
  functions(options?: FunctionOptions & { api?: string }): Promise<Processes>;
}

interface Processes extends Functions {
  of(name: FunctionName): KeptFunction[];
  output(): string;
}

export function withProcesses(ground: KnativeGround): ProcessBed {
  const { cluster, knative, settings } = ground;
  return {
    ...ground,
    functions: async ({ only = functionNames, replicas = 1, env = {}, api } = {}) => {
      const started = new Map<FunctionName, KeptFunction[]>(only.map((name) => [name, []]));
      const of = (name: FunctionName) => started.get(name) ?? [];
      const all = () => [...started.values()].flat();
      const end = () => Promise.all(all().map((one) => one.end()));
      const start = async (name: FunctionName) => {
        const own = {
          ...(withToken.includes(name) && { KUBECONFIG: await kubeconfigOf(cluster, name, namespace, api) }),
          ...(name === 'sweep' && { K_SINK: knative.sink }),
        };
        of(name).push(await keepFunction(`${name}.cjs`, { ...settings, ...own, ...env }));
      };
      try {
        for (const name of only) await Promise.all(Array.from({ length: replicas }, () => start(name)));
      } catch (error) {
        await end();
        throw error;
      }
      return ground.behindNames(only, {
        of,
        addresses: (name) => of(name).map(({ address }) => address),
        output: () =>
          all()
            .map((process) => process.output())
            .join(''),
        end,
      });
    },
  };
}
