import { realpathSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Engine, output } from './engine.ts';

const name = 'localhost/image-rescue-base';

/**
 * Makes a base image of the Node.js that `npm ci` brought along, this machine's C library, and nothing else: for a machine
 * that reaches no registry. Returns its name.
 */
export async function makeOwnBase(engine: Engine): Promise<string> {
  const context = await mkdtemp(path.join(tmpdir(), 'image-rescue-base-'));
  try {
    const node = nodeProgram();
    const root = path.join(context, 'root');
    for (const [from, to] of [[node, 'usr/local/bin/node'], ...libraries(node).map((file) => [file, file] as const)]) {
      await mkdir(path.dirname(path.join(root, to)), { recursive: true });
      await cp(from, path.join(root, to), { dereference: true });
    }
    await mkdir(path.join(root, 'tmp'));
    await chmod(path.join(root, 'tmp'), 0o1777);
    const file = path.join(context, 'Containerfile');
    await writeFile(file, 'FROM scratch\nCOPY root/ /\nENV PATH=/usr/local/bin:/usr/bin:/bin\n');
    engine.build({ file, context, name, args: {} });
    return name;
  } finally {
    await rm(context, { recursive: true });
  }
}

/** The program of the locked package, which npm's scripts put first on the PATH. */
function nodeProgram(): string {
  const manifest = createRequire(import.meta.url).resolve(`node-linux-${process.arch}/package.json`);
  return realpathSync(path.join(path.dirname(manifest), 'bin/node'));
}

function libraries(program: string): string[] {
  return [...output('ldd', [program]).matchAll(/(?:=> |^\s+)(\/\S+) \(/gm)].flatMap(([, file]) => file ?? []);
}
