import type { MirrorConnection } from './connection.ts';
import { firstBytes } from './first-bytes.ts';
import { MirrorRefusal, oneLine } from './refusal.ts';
import { refusalOf } from './refusal-of.ts';

const answerWithin = 20_000;
/** Bytes; tokens are a few KiB. */
const largestToken = 64 * 1024;

/**
 * Does what a `WWW-Authenticate: Bearer realm="…",service="…",scope="…"` asks for, anonymously (distribution spec, token
 * authentication).
 *
 * @returns the value of the Authorization header
 */
export async function fetchToken(challenge: string, connection: MirrorConnection): Promise<string> {
  const { realm, service, scope } = bearerParameters(challenge);
  if (realm === undefined || !URL.canParse(realm)) {
    const kind = oneLine(challenge.trim().split(/\s/)[0] ?? '');
    throw new MirrorRefusal(`401 Unauthorized: it wants credentials${kind && ` (${kind})`}`, 'denied');
  }
  const url = new URL(realm);
  url.username = '';
  url.password = '';
  if (service !== undefined) url.searchParams.set('service', service);
  if (scope !== undefined) url.searchParams.set('scope', scope);
  const signal = AbortSignal.timeout(answerWithin);
  try {
    const response = await connection.askElsewhere(url, signal);
    if (response.statusCode !== 200) {
      const { message, outcome, retryAfter } = await refusalOf(response);
      const more = retryAfter === undefined ? {} : { retryAfter };
      throw new MirrorRefusal(`its token server ${url.host} answered ${message}`, outcome, more);
    }
    const { token, access_token } = JSON.parse(await firstBytes(response, largestToken)) as Record<string, unknown>;
    const value = token ?? access_token;
    if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return `Bearer ${value}`;
    throw new MirrorRefusal(`its token server ${url.host} did not give a token`, 'wrong');
  } catch (error) {
    if (error instanceof MirrorRefusal) throw error;
    // Not JSON, or JSON that is no object.
    const outcome = signal.aborted
      ? 'slow'
      : error instanceof SyntaxError || error instanceof TypeError
        ? 'wrong'
        : 'down';
    throw new MirrorRefusal(`its token server ${url.host} did not give a token`, outcome, { cause: error });
  }
}

/** The parameters of the Bearer challenge among those of a WWW-Authenticate header (RFC 9110, section 11.6.1). */
function bearerParameters(challenge: string): Record<string, string | undefined> {
  const [, bearer = ''] = /(?:^|,)\s*bearer\s+(.*)$/i.exec(challenge) ?? [];
  const found: Record<string, string> = {};
  for (const [, name = '', quoted, token] of bearer.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/g))
    found[name.toLowerCase()] ??= quoted ?? token ?? '';
  return found;
}
