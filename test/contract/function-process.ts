import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { type BundleName, bundle, bundles } from '../../build.ts';
import { freePorts } from '../cluster/free-ports.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'image-rescue-functions-'));
const children: ChildProcess[] = [];
const bundled = new Set<BundleName>();
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** A bundle in a process of its own, as the image runs it. */
export interface FunctionProcess {
  readonly port: number;
  readonly pid: number;
  /** What it has written to standard error. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Starts a function; resolves when it listens or has ended. */
export async function startFunctionProcess(
  name: BundleName,
  env: Readonly<Record<string, string>>,
): Promise<FunctionProcess> {
  for (const one of [name, 'pull.cjs'] as const) {
    if (!bundled.has(one)) writeFileSync(path.join(folder, one), bundle(bundles[one]));
    bundled.add(one);
  }
  const [port = 0] = await freePorts(1);
  const child = spawn(process.execPath, [path.join(folder, name)], {
    env: { DOCKER_PROXY_URL: 'm.example', PORT: String(port), ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  let output = '';
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code ?? 0)),
  );
  const listening = new Promise<void>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('"listening"')) resolve();
    });
  });
  await Promise.race([listening, ended]);
  return {
    port,
    pid: child.pid ?? 0,
    output: () => output,
    signal: (signal) => void child.kill(signal),
    ended,
  };
}

/** A kubeconfig that names one API server. Returns its path. */
export function kubeconfigFor(server: string): string {
  const file = path.join(folder, `kubeconfig-${new URL(server).port}`);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}
