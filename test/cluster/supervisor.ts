/** Runs inside the cluster's own PID and mount namespace: starts and stops programs for the test process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { type Address, isRequest, type Program, type Report, type Request } from './messages.ts';

const running = new Map<string, ChildProcess>();
const stopping = new Set<string>();

function tell(report: Report): void {
  if (process.connected) process.send?.(report);
}

async function start(name: string, program: Program): Promise<void> {
  if (running.has(name)) throw new Error(`${name} runs already`);
  const log = openSync(program.log, 'a');
  try {
    const { command, args, env, cwd } = program;
    const child = spawn(command, args, { env: { ...process.env, ...env }, cwd, stdio: ['ignore', log, log] });
    await once(child, 'spawn');
    running.set(name, child);
    child.on('exit', (code, signal) => {
      running.delete(name);
      if (!stopping.has(name)) tell({ ended: name, how: signal ?? `exit status ${code}` });
    });
  } finally {
    closeSync(log);
  }
}

async function stop(name: string, signal: NodeJS.Signals, patienceMs: number): Promise<void> {
  const child = running.get(name);
  if (child === undefined) return;
  stopping.add(name);
  const ended = once(child, 'exit');
  child.kill(signal);
  const impatience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  await ended;
  clearTimeout(impatience);
  stopping.delete(name);
}

async function forward(from: Address, to: Address): Promise<void> {
  const server = createServer((near) => {
    const far = connect(to);
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  await once(server.listen(from), 'listening');
}

function obey(request: Request): Promise<void> {
  if ('start' in request) return start(request.start, request.program);
  if ('stop' in request) return stop(request.stop, request.signal, request.patienceMs);
  return forward(request.forward, request.to);
}

process.on('message', (message: unknown) => {
  if (!isRequest(message)) return;
  const { id } = message;
  obey(message).then(
    () => tell({ id }),
    (error: Error) => tell({ id, error: error.message }),
  );
});
// The namespace ends with its first process, and that one with this one: nothing in it outlives the test process.
process.on('disconnect', () => process.exit(0));
tell({ ready: true });
