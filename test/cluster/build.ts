import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { environment } from './run.ts';

interface Recipe {
  /** The Go module whose version is the component's version. */
  module: string;
  /** program → its package below the module ('' is the module itself). */
  programs: Record<string, string>;
  /** The module whose folder `config`, CRDs and ConfigMaps, is wanted beside the programs. */
  config?: string;
  /** Linker flags that make the programs tell their version; without them Kubernetes calls itself v0.0.0. */
  stamp(version: string): string[];
}

const recipes = {
  kubernetes: {
    module: 'k8s.io/kubernetes',
    programs: Object.fromEntries(
      ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kubectl'].map((p) => [
        p,
        `/cmd/${p}`,
      ]),
    ),
    stamp: (version) => {
      const [major, minor] = version.split('.');
      const variables = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor };
      return Object.entries(variables).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
    },
  },
  etcd: { module: 'go.etcd.io/etcd/server/v3', programs: { etcd: '' }, stamp: () => [] },
  containerd: {
    module: 'github.com/containerd/containerd/v2',
    programs: Object.fromEntries(['containerd', 'containerd-shim-runc-v2', 'ctr'].map((p) => [p, `/cmd/${p}`])),
    stamp: (version) => [`-X github.com/containerd/containerd/v2/version.Version=v${version}`],
  },
  knative: {
    module: 'knative.dev/eventing',
    programs: {
      ingress: '/cmd/broker/ingress',
      filter: '/cmd/broker/filter',
      channel_dispatcher: '/cmd/in_memory/channel_dispatcher',
      apiserver_receive_adapter: '/cmd/apiserver_receive_adapter',
    },
    config: 'knative.dev/eventing',
    stamp: () => [],
  },
  kn: {
    module: 'knative.dev/client',
    programs: { kn: '/cmd/kn' },
    config: 'knative.dev/serving',
    stamp: () => [],
  },
} satisfies Record<string, Recipe>;

export type ComponentName = keyof typeof recipes;

/** A component as its folder's go.mod and go.sum pin it, and the folder where its programs are or will be. */
export async function pinned(component: ComponentName, folderName: string = component) {
  const source = join(import.meta.dirname, 'components', folderName);
  const recipe: Recipe = recipes[component];
  const [mod, sum] = await Promise.all([readFile(join(source, 'go.mod')), readFile(join(source, 'go.sum'))]);
  const version = new RegExp(`^(?:require )?\\s*${RegExp.escape(recipe.module)} v(\\S+)`, 'm').exec(`${mod}`)?.[1];
  if (version === undefined) throw new Error(`${source}/go.mod does not require ${recipe.module}`);
  const hash = createHash('sha256').update(mod).update(sum).digest('hex').slice(0, 10);
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cache, 'image-rescue', `${component}-${version}-${hash}`);
  return { recipe, source, version, folder, built: existsSync(folder) };
}

/**
 * Builds a component's programs once per machine and returns their folder. An interrupted build leaves nothing that
 * the next one would take for whole. `folderName` names another folder of components/ (another version).
 * Throws with the compiler's words when the build fails.
 */
export async function build(
  component: ComponentName,
  progress: (line: string) => void,
  folderName?: string,
): Promise<string> {
  const { recipe, source, version, folder, built } = await pinned(component, folderName);
  if (built) return folder;
  const started = Date.now();
  progress(`building ${component} ${version} (once; minutes from an empty Go cache)`);
  const said = setInterval(() => {
    progress(`building ${component} ${version}: ${Math.round((Date.now() - started) / 1000)} s`);
  }, 15_000);
  await mkdir(join(folder, '..'), { recursive: true });
  await removeUnfinished(join(folder, '..'));
  const unfinished = `${folder}.unfinished-${process.pid}`;
  await mkdir(unfinished);
  try {
    const linker = ['-s', '-w', ...recipe.stamp(version)].join(' ');
    for (const [program, path] of Object.entries(recipe.programs)) {
      const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags', linker];
      await go(['build', ...flags, '-o', join(unfinished, program), recipe.module + path], source);
    }
    if (recipe.config !== undefined) {
      const module = (await go(['list', '-m', '-f', '{{.Dir}}', recipe.config], source)).trim();
      await cp(join(module, 'config'), join(unfinished, 'config'), { recursive: true });
    }
    await rename(unfinished, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error; // another process was faster
    });
  } finally {
    clearInterval(said);
    await rm(unfinished, { recursive: true, force: true });
  }
  progress(`built ${component} ${version} in ${Math.round((Date.now() - started) / 1000)} s`);
  return folder;
}

/** Removes what builds left that were killed: their folders end with a process id. */
async function removeUnfinished(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const pid = /\.unfinished-(\d+)$/.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    await rm(join(cache, name), { recursive: true, force: true });
  }
}

/** Returns its stdout. */
function go(args: string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = environment({ CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' });
    const child = spawn('go', args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let words = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-8192);
    });
    child.on('error', (cause) => reject(new Error('cannot run go', { cause })));
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`go ${args.join(' ')}:\n${words}`))));
  });
}
