import { spawn } from 'node:child_process';

/** The one process of image-rescue, as `npm start` runs it. */
export interface Product {
  /** Lines of its log so far. */
  log(): Record<string, unknown>[];
  /** Everything that it wrote so far. */
  output(): string;
  signal(name: NodeJS.Signals): void;
  /** Sends a signal and resolves with the exit code, or the signal, when it has ended. */
  end(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
  /** Resolves when it ends by itself. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

const main = new URL('../../standalone/main.ts', import.meta.url).pathname;

/** Starts the product on a cluster. Unless a case is about sweeps, events do the work: one a day. */
export function startProduct(kubeconfig: string, env: Record<string, string>): Product {
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'],
      KUBECONFIG: kubeconfig,
      IMAGE_CHECK_INTERVAL: '86400',
      LOG_LEVEL: 'debug',
      ...env,
    },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code ?? 0)),
  );
  const orphan = () => child.kill('SIGKILL');
  process.once('exit', orphan);
  void ended.then(() => process.off('exit', orphan));
  return {
    output: () => output,
    log: () =>
      output
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    ended,
    signal: (name) => void child.kill(name),
    end: (signal = 'SIGTERM') => {
      child.kill(signal);
      child.kill('SIGCONT'); // one that is suspended would not notice
      return ended;
    },
  };
}
