import { asksForHelp, ending } from '../config/command-line.ts';
import { type Config, ConfigError, readConfig } from '../config/config.ts';
import { helpText } from '../config/help.ts';
import type { FunctionName, Handler } from '../events/event.ts';
import { subscribers } from '../events/routes.ts';
import { type Log, makeLog } from '../log/log.ts';
import { makeDrain } from './drain.ts';
import { serve } from './server.ts';

/** What every function is given. */
export interface FunctionSetup {
  readonly config: Config;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
}

/**
 * Starts one function as an HTTP server on PORT (8080). It listens before the handler is made, which may take a while: the
 * Kubernetes client alone is most of a start. Ends with 2 where the environment or an argument is wrong, with 0 on SIGTERM,
 * when what is under way is done.
 */
export function startFunction(
  name: FunctionName | 'dead-letter',
  make: (setup: FunctionSetup) => Handler | Promise<Handler>,
  mayConcern?: (body: Buffer) => boolean,
): void {
  start(name, make, mayConcern).catch((error: unknown) => {
    const { words, code } = ending(error);
    if (code === 1) throw error;
    process.stderr.write(`${words}\n`);
    process.exit(code);
  });
}

async function start(
  name: FunctionName | 'dead-letter',
  make: (setup: FunctionSetup) => Handler | Promise<Handler>,
  mayConcern?: (body: Buffer) => boolean,
): Promise<void> {
  if (asksForHelp(process.argv.slice(2)))
    return void process.stdout.write(`The ${name} function: CloudEvents over HTTP on PORT (8080).\n\n${helpText()}`);
  const config = readConfig(process.env);
  const log = makeLog(config.logLevel, process.stderr.isTTY).child({ function: name }) as Log;
  const port = readPort(process.env['PORT']);
  const made = Promise.withResolvers<Handler>();
  const server = await serve(made.promise, { port, log, ...(mayConcern && { mayConcern }) });
  log.info({ port }, 'listening');
  const drain = makeDrain(server);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info({ signal }, 'stopping');
      drain(() => process.exit(0));
    });
  }
  const handler = await make({ config, log, env: process.env, now: () => Date.now() });
  made.resolve(name === 'dead-letter' ? handler : onlySubscribed(name, handler, log));
}

/** A Trigger without a filter brings everything: what a function does not take is acknowledged, not sent to the dead letters. */
function onlySubscribed(name: FunctionName, handler: Handler, log: Log): Handler {
  return async (event) => {
    if (subscribers(event).includes(name)) return handler(event);
    log.debug({ type: event.type, kind: event.extensions['kind'] }, 'event is not for this function');
    return undefined;
  };
}

function readPort(text = '8080'): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new ConfigError([`PORT is ${JSON.stringify(text)}: expected a port. Example: PORT=8080`]);
}
