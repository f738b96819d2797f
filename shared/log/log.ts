import pino, { type Logger } from 'pino';
import { clean } from '../words/clean.ts';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

/**
 * A line per step on standard error: JSON for machines, plain words where a person looks on.
 *
 * @param level the least level that is written
 * @param terminal whether standard error is a terminal
 */
export function makeLog(level: string, terminal: boolean): Log {
  const write = (text: string) => process.stderr.write(text);
  const destination = terminal ? { write: (line: string) => write(readable(line)) } : { write };
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

const colours: Record<string, string> = { warn: '\u001b[33m', error: '\u001b[31m' };

function readable(line: string): string {
  const { level, time, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(
    // JSON shows what would steer a terminal as an escape, except that it comes through in a plain string.
    ([name, value]) => `${name}=${clean(typeof value === 'string' ? value : JSON.stringify(value))}`,
  );
  const colour = colours[String(level)] ?? '';
  return `${String(time).slice(11, 19)} ${colour}${clean(String(msg))}${colour && '\u001b[0m'}${fields.length > 0 ? `  ${fields.join(' ')}` : ''}\n`;
}
