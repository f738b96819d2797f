import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../config/config.ts';

/** `npm run build` puts it into dist: beside a bundle that runs from there, elsewhere for a source file. */
const besides = import.meta.filename.endsWith('.ts') ? '../../dist/pull.cjs' : 'pull.cjs';

/** The text of the pull program. Throws ConfigError where it is not there. */
export function readProgram(env: Readonly<Record<string, string | undefined>>): string {
  const file = env['PULL_PROGRAM'] ?? path.join(import.meta.dirname, besides);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([`PULL_PROGRAM cannot be read: ${(error as Error).message}; "npm run build" makes it`]);
  }
}
