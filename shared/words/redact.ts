const gone = '…';

/** Names whose values are secrets, in queries, headers, JSON and challenges. */
const secretNames =
  'x-(?:amz|goog|ms|registry|auth)-[a-z-]+|awsaccesskeyid|googleaccessid|key-pair-id|signature|sig|se|expires|policy|(?:access_|refresh_|id_|identity_?|registry_?)?token|password|passwd|pwd|secret|client_secret|api_?key|private_key|verify|auth';

/**
 * Takes out of a text what could be used by whoever reads it: user names and passwords in URLs, queries (which sign
 * URLs), Authorization values, tokens. Host and path of a URL and digests stay.
 */
export function redact(text: string): string {
  return text
    .replace(/\beyJ[\w-]{6,}(?:\.[\w=-]*)*/g, gone)
    .replace(/\b([a-z][a-z0-9+.-]{0,15}:\/\/)[^\s/?#"'<>]*@/gi, `$1${gone}@`)
    .replace(/\b([a-z][a-z0-9+.-]{0,15}:\/\/[^\s?#"'<>\\]{1,2048})[?#][^\s"'<>\\]*(?:\\u0026[^\s"'<>\\]*)*/gi, closing)
    .replace(
      /\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s*[:=]\s*["']?)(?:(?:bearer|basic|digest|token)\s+)?[^\s"',;]+/gi,
      `$1$2${gone}`,
    )
    .replace(
      /\b(bearer|basic)\s+(?!(?:auth|authentication|authorization|credentials?|challenge|tokens?|realm)\b)[\w.~+/=-]{4,}/gi,
      `$1 ${gone}`,
    )
    .replace(
      new RegExp(`(?<![\\w-])(${secretNames})(["']?\\s?[=]\\s?["']?|["']\\s?:\\s?["'])[^\\s"'&,;)<>]+`, 'gi'),
      `$1$2${gone}`,
    )
    .replace(/(?<![\w./+=-])[\w+/=-]{40,}(?![\w./+-])/g, (word) => (isToken(word) ? gone : word));
}

/** The colon or full stop after a URL is the sentence's. */
function closing(whole: string, address: string): string {
  return `${address}?${gone}${/[:,;.)\]}]*$/.exec(whole)?.[0] ?? ''}`;
}

/** Base64, unlike digests and paths, mixes capitals, small letters and digits. */
function isToken(word: string): boolean {
  return /[A-Z]/.test(word) && /[a-z]/.test(word) && /\d/.test(word) && !/^\/|\/[\w-]{1,12}\/[\w-]{1,12}\//.test(word);
}
