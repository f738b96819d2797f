import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { bundles } from '../../build.ts';
import { freePorts } from '../cluster/free-ports.ts';
import { environment } from '../cluster/run.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { buildImage } from './own-image.ts';
import { type Unpacked, unpack } from './unpacked.ts';

// `npm run image`, and every command of what it builds: in its own root file system, read-only, as the image's user.

const folder = mkdtempSync(path.join(tmpdir(), 'image-rescue-image-'));
let image: Unpacked;
const children = new Set<ChildProcess>();

before(async () => {
  const archive = path.join(folder, 'image.tar');
  await buildImage(['--name', 'image-rescue-test', '--save', archive]);
  image = unpack(archive);
  // As a Service of Knative mounts it: outside of what is read-only.
  writeFileSync(path.join(image.root, 'tmp/kubeconfig'), JSON.stringify(kubeconfig));
});
after(() => {
  for (const child of children) child.kill('SIGKILL');
  image?.remove();
  rmSync(folder, { recursive: true });
});

const kubeconfig = {
  clusters: [{ name: 'none', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'none', user: {} }],
  contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
  'current-context': 'none',
};

interface Command {
  output(): string;
  readonly ended: Promise<number | null>;
  signal(signal: NodeJS.Signals): void;
}

/** Runs the image with these arguments, as `docker run --read-only` would. */
function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Command {
  const { User, WorkingDir, Entrypoint, Env } = image.config;
  const [command = '', ...more] = [...Entrypoint, ...args];
  // chroot has no working directory of the image's.
  const inWorkingDir = more.map((arg) => (arg.endsWith('.cjs') ? path.posix.join(WorkingDir, arg) : arg));
  const script =
    'user=$1; shift; mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec chroot --userspec="$user" "$0" "$@"';
  const child = spawn('unshare', ['--mount', 'sh', '-c', script, image.root, User, command, ...inWorkingDir], {
    env: {
      ...Object.fromEntries(Env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])),
      PATH: environment()['PATH'],
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  return {
    output: () => output,
    ended: new Promise((resolve) => child.once('close', (code) => resolve(code))),
    signal: (signal) => void child.kill(signal),
  };
}

test('the image says what it is, and runs as nobody in particular', () => {
  const { User, Entrypoint, Cmd, Labels } = image.config;
  assert.equal(User, '65532:65532');
  assert.deepEqual([Entrypoint, Cmd], [['node'], ['standalone.cjs']]);
  assert.equal(Labels['org.opencontainers.image.title'], 'image-rescue');
  assert.match(Labels['org.opencontainers.image.version'] ?? '', /^\d+\.\d+\.\d+/);
  const files = readdirSync(path.join(image.root, 'app')).filter((name) => name.endsWith('.cjs'));
  assert.deepEqual(files.sort(), [...Object.keys(bundles), 'warm.cjs'].sort());
  for (const name of files) assert.equal(statSync(path.join(image.root, 'app', name)).uid, 0, `${name} is not its own`);
});

const said = /^usage: |CloudEvents over HTTP|^What image-rescue sees/im;

for (const name of Object.keys(bundles)) {
  test(`${name} --help`, async () => {
    const command = start([name, '--help']);
    assert.equal(await command.ended, 0, command.output());
    assert.match(command.output(), said);
  });
}

const functions = ['detect.cjs', 'submit-cache.cjs', 'restore.cjs', 'sweep.cjs', 'dead-letter.cjs'];
const settings = {
  DOCKER_PROXY_URL: 'mirror.example',
  KUBECONFIG: '/tmp/kubeconfig',
  K_SINK: 'http://127.0.0.1:1/',
  NODE_DEBUG_NATIVE: 'COMPILE_CACHE',
};

for (const name of [...functions, 'standalone.cjs']) {
  test(`${name} starts from its compile cache, and ends when it is told to`, async () => {
    const [port = 0] = await freePorts(1);
    const command = start([name], { ...settings, PORT: String(port) });
    if (name === 'standalone.cjs') await waitFor('a line', async () => /"msg"/.test(command.output()), 30_000);
    else await waitFor('readiness', () => ready(port), 30_000);
    command.signal('SIGTERM');
    assert.equal(await command.ended, 0, command.output());
    assert.match(command.output(), new RegExp(`cache for CommonJS /app/${name} was accepted`));
    assert.doesNotMatch(command.output(), /was rejected/);
  });
}

async function ready(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
}

test('a compile cache of another user is none: it is made for the one that runs', async () => {
  const { User } = image.config;
  image = { ...image, config: { ...image.config, User: '65533:65533' } };
  try {
    const [port = 0] = await freePorts(1);
    const command = start(['detect.cjs'], { ...settings, PORT: String(port) });
    await waitFor('readiness', () => ready(port), 30_000);
    command.signal('SIGTERM');
    assert.equal(await command.ended, 0, command.output());
    assert.doesNotMatch(command.output(), /was accepted/);
  } finally {
    image = { ...image, config: { ...image.config, User } };
  }
});
