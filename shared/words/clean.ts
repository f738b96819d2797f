import { cut } from './cut.ts';
import { redact } from './redact.ts';

/** Nobody reads more than this, in characters. */
const longest = 65_536;
/** ANSI escape sequences: CSI, OSC with its end, and the two-character ones; also their eight-bit forms. */
const escapes =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this removes
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/g;

/**
 * Text that a kubelet, a runtime, a registry or a tenant wrote, made fit for an Event, a log or a terminal: one line,
 * nothing that steers a terminal or reverses the direction of reading, no secrets, at most so many bytes.
 */
export function clean(text: string, bytes = Number.POSITIVE_INFINITY): string {
  const visible = text
    .slice(0, longest)
    .toWellFormed()
    .replace(escapes, '')
    // Invisible ones stand inside words, line breaks and tabs between them.
    .replace(/\p{Default_Ignorable_Code_Point}|\p{Cf}/gu, '')
    .replace(/[\p{Cc}\s\u2028\u2029]+/gu, ' ')
    .trim();
  return cut(redact(visible), bytes);
}

/** Marks text as somebody else's words. What is inside cannot end the quotation. */
export function quote(text: string, bytes?: number): string {
  return `"${clean(text, bytes).replaceAll('"', "'")}"`;
}
