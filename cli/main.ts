import { ending } from '../shared/config/command-line.ts';
import { type Options, parseOptions } from './options.ts';
import { usage } from './usage.ts';

/** Asked too early, all that a first look needs would be loaded for `--help` as well. */
async function main(): Promise<number> {
  const options: Options = parseOptions(process.argv.slice(2), process.env);
  if (options.command === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  const { run } = await import('./run.ts');
  const stop = new AbortController();
  // Only a watch has an end of its own to come to.
  if (options.command === 'status' && options.watch)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return run(options, {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    now: Date.now,
    stop: stop.signal,
  });
}

// Whoever reads may have seen enough: `image-rescue status | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const { words, code } = ending(error, 'image-rescue --help');
    process.stderr.write(`image-rescue: ${words}\n`);
    process.exitCode = code;
  },
);
