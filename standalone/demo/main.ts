import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { ending, readArguments, UsageError } from '../../shared/config/command-line.ts';
import { demoNamespace, play } from './play.ts';
import { ownScene, type Scene, testScene } from './scene.ts';

const usage = `Gets a pod stuck on an image that cannot be pulled and lets image-rescue start it, with a timeline.

Usage: npm run demo -- [options]

With a kubeconfig (KUBECONFIG or ~/.kube/config) it plays on that cluster, after asking; without one it starts a real
one-node Kubernetes of its own (Linux, root, Go; some minutes the first time).

  --yes             do not ask
  --test-cluster    start a cluster of its own even where there is a kubeconfig
  --way route|name  there: whether its containerd reads a host configuration folder (default: route)
  --json            one object with milliseconds per step, on standard output
  --timeout SECONDS give up after this long (default 300)
  --help

DOCKER_PROXY_URL, if set, names the mirrors that are used. Ends with 0 when the pod runs, with 1 when it does not.
`;

const options = {
  yes: { type: 'boolean', short: 'y' },
  'test-cluster': { type: 'boolean' },
  way: { type: 'string', default: 'route' },
  json: { type: 'boolean' },
  timeout: { type: 'string', default: '300' },
  help: { type: 'boolean', short: 'h' },
} as const;

const stop = new AbortController();
const say = (line: string) => void process.stderr.write(`${line}\n`);
const dim = process.stderr.isTTY ? (text: string) => `\u001b[2m${text}\u001b[0m` : (text: string) => text;

async function main(): Promise<number> {
  const { values } = readArguments({ options });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const seconds = Number(values.timeout);
  if (!(seconds > 0)) throw new UsageError(`--timeout is ${values.timeout}: expected seconds. Example: --timeout 300`);
  if (values.way !== 'route' && values.way !== 'name')
    throw new UsageError(`--way is ${values.way}: expected route or name`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());

  const scene = await chooseScene(values);
  if (scene === undefined) return 1;
  if (stop.signal.aborted) {
    await scene.end();
    return 1;
  }
  try {
    say(`a pod in namespace ${demoNamespace} asks for ${scene.image}, which no registry has`);
    const played = await play(scene, seconds * 1000, stop.signal, (line) => say(dim(line)));
    const { running, timeline, told, way } = played;
    if (values.json)
      process.stdout.write(
        `${JSON.stringify({ running, way, image: scene.image, milliseconds: timeline.milliseconds(), told })}\n`,
      );
    else
      process.stdout.write(
        `\nfrom the kubelet's first failed pull:\n${timeline.text()}\nthe pod was told:\n${told.map((line) => `  ${line}\n`).join('')}`,
      );
    say(running ? 'the same pod runs, under its own image name' : 'the pod does not run');
    return running ? 0 : 1;
  } finally {
    await scene.end();
  }
}

async function chooseScene(values: {
  yes?: boolean;
  'test-cluster'?: boolean;
  way: string;
}): Promise<Scene | undefined> {
  const kubeconfig = process.env['KUBECONFIG'] ?? path.join(os.homedir(), '.kube', 'config');
  if (values['test-cluster'] || !existsSync(kubeconfig.split(path.delimiter)[0] ?? '')) {
    return testScene(values.way === 'route', (line) => say(dim(line)));
  }
  const scene = ownScene(undefined, process.env['DOCKER_PROXY_URL']);
  say(`on the cluster of ${kubeconfig}, this demo creates
  namespace ${demoNamespace}, with one pod whose image is ${scene.image}; deleted again
  namespace image-rescue-pull, with one Job and a ConfigMap; the Job is deleted again
and the Job's pod, on the node of the stuck pod, pulls through DOCKER_PROXY_URL=${scene.env['DOCKER_PROXY_URL']}`);
  if (values.yes) return scene;
  if (!process.stdin.isTTY) throw new UsageError('there is nobody to ask; say --yes to go on');
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asking.question('Go on? [y/N] ', { signal: stop.signal }).catch(() => '');
  asking.close();
  return /^y(es)?$/i.test(answer.trim()) ? scene : undefined;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const { words, code } = ending(error);
    say(words);
    process.exit(code);
  },
);
