import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { buildSync, type Metafile } from 'esbuild';

/** Everything that is bundled: file in dist → entry point. The image holds the same, one command each. */
export const bundles = {
  'detect.cjs': 'functions/detect/main.ts',
  'submit-cache.cjs': 'functions/submit-cache/main.ts',
  'restore.cjs': 'functions/restore/main.ts',
  'sweep.cjs': 'functions/sweep/main.ts',
  'dead-letter.cjs': 'functions/dead-letter/main.ts',
  'standalone.cjs': 'standalone/main.ts',
  'pull.cjs': 'functions/pull/main.ts',
  'image-rescue.cjs': 'cli/main.ts',
} as const;

/** What people run by its name (package.json, `bin`): a file of its own, whatever Node they have. */
const commands: readonly string[] = ['image-rescue.cjs'];
const commandOpening = `#!/usr/bin/env node
if (+process.versions.node.split('.')[0] < 22) {
  console.error('image-rescue needs Node.js 22 or newer; this is ' + process.version);
  process.exit(1);
}
`;

export type BundleName = keyof typeof bundles;

/**
 * Bundles one entry point into one CommonJS file: ESM bundles of some dependencies fail at run time with "Dynamic require",
 * and CommonJS starts fastest from Node's compile cache. What is imported with `import()` is in the same file, and is
 * evaluated only when it is asked for.
 */
export function build(entry: string): { text: string; inputs: Metafile['inputs'] } {
  const { outputFiles, metafile } = buildSync({
    entryPoints: [new URL(entry, import.meta.url).pathname],
    absWorkingDir: import.meta.dirname,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    // CommonJS has no import.meta.
    define: { 'import.meta.filename': '__filename', 'import.meta.dirname': '__dirname' },
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    write: false,
  });
  return { text: outputFiles[0]?.text ?? '', inputs: metafile.inputs };
}

/** @returns the bundle's text */
export function bundle(entry: string): string {
  return build(entry).text;
}

const dist = new URL('dist/', import.meta.url);

/** Writes every bundle into dist. */
export function buildAll(folder = dist): void {
  for (const name of Object.keys(bundles) as BundleName[]) write(name, folder);
}

/** Writes one bundle. Whoever reads the file meanwhile, such as another build of the image, has the whole of it. */
export function write(name: BundleName, folder = dist): void {
  mkdirSync(folder, { recursive: true });
  const command = commands.includes(name);
  const unfinished = new URL(`${name}.${process.pid}`, folder);
  writeFileSync(unfinished, `${command ? commandOpening : ''}${bundle(bundles[name])}`);
  if (command) chmodSync(unfinished, 0o755);
  renameSync(unfinished, new URL(name, folder));
}

if (import.meta.main) buildAll();
