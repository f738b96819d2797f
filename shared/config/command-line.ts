import { type ParseArgsConfig, parseArgs } from 'node:util';
import { ConfigError } from './config.ts';

/** What was asked for is not there to be asked for. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** As Node's parseArgs, of this process's arguments where none are given; throws UsageError, of one line. */
export function readArguments<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    // Its further sentences are about programs' own syntax.
    throw new UsageError((error as Error).message.split(/\.(?:\s|$)|\n/)[0]);
  }
}

/** Whether a program that has no options was asked for its help. Throws UsageError for any other argument. */
export function asksForHelp([argument]: readonly string[]): boolean {
  if (argument === undefined) return false;
  if (argument === '--help' || argument === '-h') return true;
  throw new UsageError(`unknown argument ${argument}: all settings are environment variables`);
}

/** A program's last words, and its exit code: 2 where it was asked for something wrong, 1 where it failed. */
export function ending(error: unknown, help = '--help'): { words: string; code: 1 | 2 } {
  const words = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError) return { words: `${words}; see ${help}`, code: 2 };
  return { words, code: error instanceof ConfigError ? 2 : 1 };
}
