import type { BundleName } from '../../build.ts';
import { startFunctionProcess } from '../contract/function-process.ts';

/** One function as a process of its own that is started again when it dies, as a Deployment would. */
export interface KeptFunction {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** SIGKILL. */
  kill(): void;
  /** Whether it was killed and does not listen again yet: nothing that it is told now counts. */
  dying(): boolean;
  output(): string;
  end(): Promise<void>;
}

/** Starts a bundle; resolves when it listens. */
export async function keepFunction(name: BundleName, env: Record<string, string>): Promise<KeptFunction> {
  let process = await startFunctionProcess(name, env);
  const { port } = process;
  const before: string[] = [];
  let dying = false;
  let ending = false;
  let restarting: Promise<void> = Promise.resolve();

  function guard(): void {
    void process.ended.then((how) => {
      dying = true;
      if (ending) return;
      before.push(process.output(), `${name} ended: ${how}\n`);
      restarting = startFunctionProcess(name, { ...env, PORT: String(port) }).then((next) => {
        process = next;
        dying = false;
        guard();
      });
    });
  }

  guard();
  return {
    address: `127.0.0.1:${port}`,
    kill: () => {
      dying = true;
      process.signal('SIGKILL');
    },
    dying: () => dying,
    output: () => [...before, process.output()].join(''),
    end: async () => {
      ending = true;
      await restarting;
      process.signal('SIGTERM');
      await process.ended;
    },
  };
}
