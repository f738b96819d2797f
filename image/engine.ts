import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** What builds images on this machine. All its calls throw where the program fails; it says why on standard error. */
export interface Engine {
  readonly program: 'docker' | 'podman' | 'buildah';
  build(what: { file: string; context: string; name: string; args: Readonly<Record<string, string>> }): void;
  /** Writes the image into a file, to be loaded elsewhere (`docker load`, `ctr images import`). */
  save(name: string, file: string): void;
  /** Pushes to the registry in the name. Returns the digest, `sha256:…`. */
  push(name: string): string;
}

const told = 'inherit';
const quiet = 'ignore';

/** Runs a program to its end and returns its standard output. */
export function output(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', told] });
}

function run(program: string, args: readonly string[], stdio: typeof told | typeof quiet = told): void {
  execFileSync(program, args, { stdio });
}

function works(program: string, args: readonly string[]): boolean {
  try {
    run(program, args, quiet);
    return true;
  } catch {
    return false;
  }
}

/**
 * Docker or Podman where one answers; else Buildah, which needs no engine and, as root, no more privilege than chroot: on
 * Debian it is installed. Throws where there is none of them.
 */
export function findEngine(): Engine {
  if (works('docker', ['version', '--format', '{{.Server.Version}}'])) return docker();
  if (works('podman', ['info'])) return podman();
  if (!works('buildah', ['--version'])) installBuildah();
  return buildah();
}

function installBuildah(): void {
  if (process.getuid?.() !== 0 || !works('apt-get', ['--version']))
    throw new Error('nothing here can build an image: start Docker or Podman, or install Buildah');
  process.stderr.write('no engine answers here: installing Buildah\n');
  run('apt-get', ['-qq', 'update']);
  run('apt-get', ['-qq', '-y', '--no-install-recommends', 'install', 'buildah'], quiet);
}

const buildArguments = (args: Readonly<Record<string, string>>) =>
  Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);

function docker(): Engine {
  return {
    program: 'docker',
    build: ({ file, context, name, args }) =>
      run('docker', ['build', '--file', file, '--tag', name, ...buildArguments(args), context]),
    save: (name, file) => run('docker', ['save', '--output', file, name]),
    push: (name) => {
      run('docker', ['push', name]);
      return output('docker', ['inspect', '--format', '{{index .RepoDigests 0}}', name]).trim().split('@')[1] ?? '';
    },
  };
}

function podman(): Engine {
  return {
    program: 'podman',
    build: ({ file, context, name, args }) =>
      run('podman', ['build', '--file', file, '--tag', name, ...buildArguments(args), context]),
    save: (name, file) => run('podman', ['save', '--format', 'oci-archive', '--output', file, name]),
    push: (name) => pushed('podman', ['push'], name),
  };
}

function buildah(): Engine {
  const cache = path.join(process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), 'image-rescue', 'images');
  // Storage of its own, because the driver cannot be changed of one that is there; vfs works in a container, too.
  const storage = ['--storage-driver', 'vfs', '--root', path.join(cache, 'root'), '--runroot', path.join(cache, 'run')];
  return {
    program: 'buildah',
    build: ({ file, context, name, args }) => {
      const flags = [...storage, '--isolation', 'chroot', '--file', file, '--tag', name];
      run('buildah', ['build', ...flags, ...buildArguments(args), context]);
    },
    save: (name, file) => run('buildah', ['push', ...storage, name, `oci-archive:${file}:${name}`]),
    push: (name) => pushed('buildah', ['push', ...storage], name),
  };
}

function pushed(program: string, command: readonly string[], name: string): string {
  const file = path.join(process.env['TMPDIR'] ?? '/tmp', `image-rescue-digest-${process.pid}`);
  run(program, [...command, '--digestfile', file, name, `docker://${name}`]);
  return readFileSync(file, 'utf8').trim();
}
