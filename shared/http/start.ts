import { readFileSync } from 'node:fs';
import { type Config, ConfigError, readConfig } from '../config/config.ts';
import { helpText } from '../config/help.ts';
import type { FunctionName, Handler } from '../events/event.ts';
import { type Log, makeLog } from '../log/log.ts';
import { serve } from './server.ts';

/** What every function is given. */
export interface FunctionSetup {
  readonly config: Config;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
}

/** Starts one function as an HTTP server on PORT (8080). Ends with 2 where the environment is wrong, with 0 on SIGTERM. */
export async function startFunction(
  name: FunctionName,
  make: (setup: FunctionSetup) => Handler | Promise<Handler>,
  mayConcern?: (body: Buffer) => boolean,
): Promise<void> {
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    process.stdout.write(`The ${name} function: CloudEvents over HTTP on PORT (8080).\n\n${helpText()}`);
    return;
  }
  try {
    const config = readConfig(process.env);
    const log = makeLog(config.logLevel, process.stderr.isTTY).child({ function: name }) as Log;
    const handler = await make({ config, log, env: process.env, now: () => Date.now() });
    const port = readPort(process.env['PORT']);
    const server = await serve(handler, { port, log, ...(mayConcern && { mayConcern }) });
    log.info({ port }, 'listening');
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        server.close(() => process.exit(0));
        server.closeIdleConnections();
      });
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

/** The text of the pull program, which `npm run build` makes. Throws ConfigError where it is not there. */
export function readProgram(env: FunctionSetup['env']): string {
  const file = env['PULL_PROGRAM'] ?? new URL('../../dist/pull.cjs', import.meta.url);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([`PULL_PROGRAM cannot be read: ${(error as Error).message}; "npm run build" makes it`]);
  }
}

function readPort(text = '8080'): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new ConfigError([`PORT is ${JSON.stringify(text)}: expected a port. Example: PORT=8080`]);
}
