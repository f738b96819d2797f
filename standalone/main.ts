import { connectApi } from '../shared/cluster/connect.ts';
import { asksForHelp, ending } from '../shared/config/command-line.ts';
import { readConfig } from '../shared/config/config.ts';
import { helpText } from '../shared/config/help.ts';
import { readProgram } from '../shared/http/program.ts';
import { makeLog } from '../shared/log/log.ts';
import { run } from './run.ts';

const usage = `image-rescue in one process: watches the cluster of the current kubeconfig (or the one it runs in) and
starts pods whose image cannot be pulled, by fetching the image through a mirror onto their node.

Usage: npm start            all settings are environment variables:
`;

async function main(): Promise<void> {
  try {
    if (asksForHelp(process.argv.slice(2))) return void process.stdout.write(`${usage}\n${helpText()}`);
    const config = readConfig(process.env);
    const log = makeLog(config.logLevel, process.stderr.isTTY);
    const program = readProgram(process.env);
    const stop = new AbortController();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        log.info({ signal }, 'stopping');
        stop.abort();
      });
    }
    await run({ api: connectApi(), config, program, log, stop: stop.signal });
    process.exit(0);
  } catch (error) {
    const { words, code } = ending(error);
    if (code === 1) throw error;
    process.stderr.write(`${words}\n`);
    process.exit(code);
  }
}

main();
