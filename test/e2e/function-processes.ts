import { type ChildProcess, spawn } from 'node:child_process';
import type { FunctionName } from '../../shared/events/event.ts';
import { freePorts } from '../cluster/free-ports.ts';
import { waitFor } from '../cluster/wait-for.ts';

/** One function as a process of its own that is started again when it dies, as a Deployment would. */
export interface FunctionProcess {
  readonly port: number;
  /** How often it was started so far. */
  lives(): number;
  /** SIGKILL. Nothing that happens before the next life counts as this one's. */
  kill(): void;
  /** Whether it was killed and the next life has not begun. */
  dead(): boolean;
  output(): string;
  end(): Promise<void>;
}

/** Starts functions/<name>/main.ts; resolves when it is ready. */
export async function startFunction(name: FunctionName, env: Record<string, string>): Promise<FunctionProcess> {
  const main = new URL(`../../functions/${name}/main.ts`, import.meta.url).pathname;
  const [port = 0] = await freePorts(1);
  let output = '';
  let lives = 0;
  let dead = false;
  let ending = false;
  let child: ChildProcess;
  let closed: Promise<void>;
  const orphan = () => child.kill('SIGKILL');

  function live(): void {
    lives += 1;
    dead = false;
    child = spawn(process.execPath, [main], {
      env: { PATH: process.env['PATH'], PORT: String(port), LOG_LEVEL: 'debug', ...env },
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    closed = new Promise((resolve) => child.once('close', () => resolve()));
    void closed.then(() => {
      if (!ending) live();
    });
  }

  live();
  process.once('exit', orphan);
  const ready = async () => (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok;
  await waitFor(`${name} to be ready`, ready, 60_000).catch((cause) => {
    ending = true;
    orphan();
    throw new Error(`${name} does not start:\n${output}`, { cause });
  });
  return {
    port,
    lives: () => lives,
    dead: () => dead,
    kill: () => {
      dead = true;
      child.kill('SIGKILL');
    },
    output: () => output,
    end: async () => {
      ending = true;
      process.off('exit', orphan);
      child.kill('SIGTERM');
      const impatience = setTimeout(orphan, 3_000);
      await closed;
      clearTimeout(impatience);
    },
  };
}
