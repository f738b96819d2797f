import { existsSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type ComponentName, pinned } from './build.ts';
import { environment, run, succeeds } from './run.ts';

/** The Debian packages that a test cluster takes from the machine, with a file or program that shows their presence. */
const packages = [
  { name: 'runc', shows: 'runc', for: 'runs containers; must have seccomp, which Debian builds in' },
  { name: 'containernetworking-plugins', shows: '/usr/lib/cni/bridge', for: 'gives pods their network' },
  { name: 'docker-registry', shows: 'docker-registry', for: 'is the mirror' },
  { name: 'busybox-static', shows: 'busybox', for: 'is what the test images contain' },
  { name: 'iproute2', shows: 'ip', for: 'makes the bridge that carries the node’s address' },
  { name: 'util-linux', shows: 'unshare', for: 'gives the cluster its own processes and mounts' },
  { name: 'util-linux', shows: 'setpriv', for: 'ends the cluster with the test process' },
  { name: 'mount', shows: 'mount', for: 'keeps the cluster’s files off the machine’s own' },
] as const;

/** The full path of a program, or undefined. */
export async function whereIs(program: string): Promise<string | undefined> {
  const candidates = program.startsWith('/')
    ? [program]
    : (environment()['PATH'] ?? '').split(':').map((folder) => join(folder, program));
  for (const path of candidates) {
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

async function absent(): Promise<(typeof packages)[number][]> {
  const found = await Promise.all(packages.map((p) => whereIs(p.shows)));
  return packages.filter((_, i) => found[i] === undefined);
}

const isRoot = () => process.getuid?.() === 0;
const canInstall = async () => isRoot() && (await whereIs('apt-get')) !== undefined;
const listed = (some: readonly (typeof packages)[number][]) =>
  some.map((p) => `the Debian package ${p.name}, which ${p.for}`);

/** Installs the Debian packages that are not there yet. Throws with the list of them where that is not possible. */
export async function installPackages(progress: (line: string) => void): Promise<void> {
  const needed = await absent();
  if (needed.length === 0) return;
  if (!(await canInstall())) throw new Error(`missing for a test cluster:\n- ${listed(needed).join('\n- ')}`);
  const names = [...new Set(needed.map((p) => p.name))];
  progress(`installing ${names.join(', ')}`);
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['-qq', 'update'], quiet);
  await run('apt-get', ['-qq', '-y', '--no-install-recommends', 'install', ...names], quiet);
  const still = await absent();
  if (still.length > 0) throw new Error(`still missing after apt-get install:\n- ${listed(still).join('\n- ')}`);
}

/** Builds everything that is built. `kubernetes` is a folder of components/. Returns the folders of the programs. */
export async function buildPrograms(progress: (line: string) => void, kubernetes?: string): Promise<string[]> {
  const folders: string[] = []; // one after another: each build uses all cores
  for (const component of ['etcd', 'containerd', 'kubernetes'] as const) {
    folders.push(await build(component, progress, component === 'kubernetes' ? kubernetes : component));
  }
  return folders;
}

/** What prevents a test cluster on this machine, in words for a list of skipped tests. Empty: it can run. */
export async function missing(): Promise<string[]> {
  if (process.platform !== 'linux') return [`Linux (this is ${process.platform})`];
  if (!isRoot()) return ['root (namespaces, mounts and containers need it)'];
  const reasons: string[] = [];
  const needed = await absent();
  if (needed.length > 0 && !(await canInstall())) reasons.push(...listed(needed));
  const components: ComponentName[] = ['kubernetes', 'etcd', 'containerd'];
  const allBuilt = (await Promise.all(components.map((c) => pinned(c)))).every((c) => c.built);
  if (!allBuilt && (await whereIs('go')) === undefined) reasons.push('Go (Kubernetes is built from its modules)');
  const cgroups = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup/cgroup.controllers'];
  if (!cgroups.some((path) => existsSync(path))) reasons.push('cgroups, mounted at /sys/fs/cgroup');
  if (!needed.some((p) => p.name === 'util-linux')) {
    const allowed = await succeeds('unshare', ['--pid', '--mount', '--fork', '--mount-proc', 'true']);
    if (!allowed) reasons.push('the right to make PID and mount namespaces (a privileged container)');
  }
  if (!needed.some((p) => p.name === 'iproute2')) {
    const probe = `irprobe${process.pid}`; // two may ask at once
    const allowed = await succeeds('ip', ['link', 'add', probe, 'type', 'bridge']);
    if (allowed) await succeeds('ip', ['link', 'delete', probe]);
    else reasons.push('the right to make a network bridge');
  }
  return reasons;
}
