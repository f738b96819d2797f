const [quote, backslash, openArray, closeArray, openObject, closeObject] = Buffer.from('"\\[]{}');

/** How deep JSON may be nested. A Kubernetes object with its managed fields stays far below. */
const deepest = 200;

/**
 * Whether JSON is nested deeper than anything that is meant for us. A few bytes make a level, and each costs a parser and
 * everybody after it a hundred times that.
 */
export function tooDeep(body: Buffer): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (inString) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === openArray || byte === openObject) {
      depth += 1;
      if (depth > deepest) return true;
    } else if (byte === closeArray || byte === closeObject) depth -= 1;
  }
  return false;
}
