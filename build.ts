import { mkdirSync, writeFileSync } from 'node:fs';
import { buildSync } from 'esbuild';

/**
 * Bundles one entry point into one CommonJS file: ESM bundles of some dependencies fail at run time with "Dynamic require".
 *
 * @returns the bundle's text
 */
export function bundle(entry: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [new URL(entry, import.meta.url).pathname],
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

/** Everything that is bundled, by the name of its file in dist. */
const bundles = { 'pull.cjs': 'functions/pull/main.ts' };

if (import.meta.main) {
  const folder = new URL('dist/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  for (const [name, entry] of Object.entries(bundles)) writeFileSync(new URL(name, folder), bundle(entry));
}
