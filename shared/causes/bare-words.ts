/** Longer messages keep their beginning and their end, where the cause stands. Characters. */
const longest = 8192;
/** Stands for a name, an address or a path: what it says decides nothing. No message contains it by itself. */
const name = '¤';

/**
 * What a message says, in a form in which phrases can be looked for: without names, addresses, paths, quotes, spaces
 * and line breaks, and without what is said about other attempts. An image may well be called `denied/timeout:not-found`.
 *
 * @returns two readings: a line break may stand for a space (`fold -s`) or for nothing (`fold`)
 */
export function bareWords(message: string): string[] {
  const bounded =
    message.length <= longest ? message : `${message.slice(0, longest / 2)} ${message.slice(-longest / 2)}`;
  const plain = bounded
    .replaceAll(name, ' ')
    .replace(/\\+n/g, '\n')
    .replace(/&quot;|&#34;|\\+"|[“”„«»`]/g, '"');
  const readings = [' ', ''].map((lineBreak) =>
    squeeze(withoutNames(plain.replace(/(?<![:,;])[\r\n]+(?:[ \t]{2,})?/g, lineBreak))),
  );
  return [...new Set(readings)];
}

function withoutNames(text: string): string {
  return text
    .replace(/rpc error:\s*code\s*=\s*\w+\s*desc\s*=\s*/gi, '')
    .replace(/image pull failed for \S+/gi, 'image pull failed')
    .replace(/(?<=:\s+)lookup\s*([^\s:"]+)/gi, (_, host: string) => `lookup ${looked(host)}`)
    .replace(/(pull(?:ing)?|unpack|inspect) image\s+"[^"]*"/gi, `$1 image ${name}`)
    .replace(/(pull(?:ing)?|unpack|inspect) image\s+[^\s"]+?(?=[:,;]?\s)/gi, `$1 image ${name}`)
    .replace(/(manifest) [^\s"]+ in [^\s"]+?(?=:?\s|$)/gi, `$1 ${name}`)
    .replace(/(manifest for|access denied for|image name) [^\s"]+?(?=,?\s|$)/gi, `$1 ${name}`)
    .replace(/https?:\/\/[^\s"'<>\\]*[^\s"'<>\\:,;.)\]]/gi, name)
    .replace(/(?<![=:\w])(["'])([^"'\s]*)\1/g, (whole, _, inside: string) => (isMediaType(inside) ? whole : name))
    .replace(referenceLike, (word) => (notNames.test(word) || isMediaType(word) ? word : name));
}

/**
 * Words with a slash, a dot or a colon inside: references, hosts with their ports, addresses, paths, file names,
 * digests. A colon at their end is punctuation.
 */
const referenceLike = /(?<![\w%~+-])\/?(?:\[[0-9a-f:.]+\]|[\w%~+-])+(?:[/.:@]+[\w%~+-]+)+/gi;
const notNames = /^(i\/o|input\/output|net\/http|client\.timeout|archive\/tar|hcsshim::\w+)$/i;

function isMediaType(word: string): boolean {
  return /^(application|text)\//.test(word);
}

/** A name that only this cluster's DNS knows says more than that it is a name; so does the scheme of a URL. */
function looked(host: string): string {
  if (/\.svc(\.|$)|\.cluster\.local\.?$/i.test(host)) return `${name}service`;
  return /^https?$/i.test(host) ? `${name}scheme` : name;
}

function squeeze(text: string): string {
  return text
    .replace(/[\s"\\_]+/g, '')
    .toLowerCase()
    .replace(others, '');
}

/** CRI-O tells of its mirrors before the registry itself, and after a failed image tries it as an artifact. */
const others = /\(mirrorsalsofailed:.*?\]\)|;artifacterr:.*$/g;
