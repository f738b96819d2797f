import { ending, readArguments, UsageError } from '../../shared/config/command-line.ts';
import { startCluster } from './cluster.ts';
import { missing } from './packages.ts';

const usage = `Starts a real one-node Kubernetes and keeps it until Ctrl-C.

  node test/cluster/main.ts [--no-host-config] [--outside refuse|slow|hang]

  --no-host-config  containerd has no config_path (as with plain kubeadm)
  --outside MODE    how the internet answers: refuses at once (default), fails after 25 s, or never answers
  --help            this
`;

const say = (text: string) => process.stderr.write(`${text}\n`);

async function main(): Promise<number | undefined> {
  const options = {
    help: { type: 'boolean', default: false },
    'no-host-config': { type: 'boolean', default: false },
    outside: { type: 'string', default: 'refuse' },
  } as const;
  const { values } = readArguments({ options });
  const mode = (['refuse', 'slow', 'hang'] as const).find((m) => m === values.outside);
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (mode === undefined) throw new UsageError(`--outside is ${values.outside}: expected refuse, slow or hang`);
  const reasons = await missing();
  if (reasons.length > 0) {
    say(`No test cluster on this machine. It lacks:\n- ${reasons.join('\n- ')}`);
    return 1;
  }
  const begun = Date.now();
  const cluster = await startCluster({ hostConfig: !values['no-host-config'] });
  cluster.outside(mode);
  say(`Node ${cluster.nodeName} is Ready after ${((Date.now() - begun) / 1000).toFixed(1)} s.
kubeconfig          ${cluster.kubeconfig}
containerd's socket ${cluster.runtimeSocket}
host configuration  ${values['no-host-config'] ? 'none' : cluster.hostConfigFolder}
mirror              ${cluster.mirror.address} (as ${cluster.mirror.address}/docker.io/library/…)
the outside         ${mode}
logs                ${cluster.folder}/logs, ${cluster.folder}/audit.log
Ctrl-C ends it.`);
  const keep = setInterval(() => undefined, 60_000);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      clearInterval(keep);
      cluster.stop().then(
        () => say('ended'),
        (error) => say(String(error)),
      );
    });
  }
  return undefined;
}

main().then(
  (code) => {
    if (code !== undefined) process.exitCode = code;
  },
  (error: unknown) => {
    const { words, code } = ending(error);
    say(words);
    process.exitCode = code;
  },
);
