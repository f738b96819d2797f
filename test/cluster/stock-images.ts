import { readFile, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Image, type Pushed, pushImage } from './images.ts';
import { whereIs } from './packages.ts';
import { run } from './run.ts';
import type { Files } from './tar.ts';

const tools = [
  'sh',
  'cat',
  'cp',
  'date',
  'echo',
  'env',
  'false',
  'id',
  'ls',
  'mkdir',
  'nc',
  'rm',
  'sleep',
  'true',
  'wget',
];

/** A shell with this as pid 1 ends at once on SIGTERM; a bare `sleep` as pid 1 would wait for the SIGKILL. */
const untilTold = ['/bin/sh', '-c', 'trap "exit 0" TERM INT; sleep 36000 & wait'];

/**
 * A small image with a shell that sleeps 10 hours and ends at once on SIGTERM. `content` stands in /content, so
 * that each test has bytes, and so a digest, of its own (a kubelet keeps its pull records by image).
 */
export async function demoImage(content: string): Promise<Image> {
  const files: Files = { ...(await busybox()), '/content': content, '/tmp': { folder: true } };
  return { files, entrypoint: untilTold, labels: { content } };
}

/** What holds a pod's namespaces: containerd's sandbox image. */
export async function pauseImage(): Promise<Image> {
  return { files: await busybox(), entrypoint: untilTold };
}

/** Pushes an image that contains this project's Node.js and nothing else (no shell). */
export async function pushNodeImage(
  registry: string,
  repository = 'docker.io/library/node',
  tag = '24-alpine',
): Promise<Pushed> {
  const files = {
    ...(await withLibraries('/usr/local/bin/node', await nodeProgram())),
    '/tmp': { folder: true as const },
  };
  return pushImage(registry, repository, tag, { files, compress: false });
}

/** The program of the locked package node-linux-<arch>, or the one that runs now if that is a Node 24. */
async function nodeProgram(): Promise<string> {
  if (process.version.startsWith('v24.')) return process.execPath;
  const manifest = createRequire(import.meta.url).resolve(`node-linux-${process.arch}/package.json`);
  return realpath(join(dirname(manifest), 'bin', 'node'));
}

async function busybox(): Promise<Files> {
  const program = await whereIs('busybox');
  if (program === undefined) throw new Error('no busybox on this machine');
  const links = tools.map((tool) => [`/bin/${tool}`, { symlink: 'busybox' }] as const);
  return { ...(await withLibraries('/bin/busybox', program)), ...Object.fromEntries(links) };
}

/** The program at `path` and, unless it is a static one, the shared libraries that ldd names, where they are here. */
async function withLibraries(path: string, program: string): Promise<Files> {
  const said = await run('ldd', [program]).catch(() => ''); // ldd fails on static programs
  const libraries = [...said.matchAll(/(?:=> |^\s+)(\/\S+) \(/gm)].map((match) => match[1] ?? '');
  const files = await Promise.all([program, ...libraries].map((file) => readFile(file)));
  return Object.fromEntries([path, ...libraries].map((name, i) => [name, files[i] ?? '']));
}
