import { isLoopback } from '../../../shared/images/mirrors.ts';
import type { MirrorConnection } from './connection.ts';
import { basic, type Credentials } from './credentials.ts';
import { firstBytes } from './first-bytes.ts';
import { MirrorRefusal, oneLine } from './refusal.ts';
import { refusalOf } from './refusal-of.ts';

const answerWithin = 20_000;
/** Bytes; tokens are a few KiB. */
const largestToken = 64 * 1024;

/**
 * Does what a `WWW-Authenticate: Bearer realm="…",service="…",scope="…"` asks for (distribution spec, token authentication),
 * or `Basic`. Credentials go to the mirror, and to the token server that it names, over TLS or on loopback only.
 *
 * @param mirror scheme and host of who challenges
 * @returns the value of the Authorization header
 */
export async function authorize(
  challenge: string,
  mirror: URL,
  connection: MirrorConnection,
  credentials?: Credentials,
): Promise<string> {
  const { realm, service, scope } = bearerParameters(challenge);
  if (credentials !== undefined && !isPrivate(mirror))
    throw new MirrorRefusal('401 Unauthorized: it wants credentials, and without TLS it is given none', 'denied');
  if (realm === undefined || !URL.canParse(realm)) {
    if (credentials !== undefined && /(^|,)\s*basic\b/i.test(challenge)) return basic(credentials);
    const kind = oneLine(challenge.trim().split(/\s/)[0] ?? '');
    throw new MirrorRefusal(`401 Unauthorized: it wants credentials${kind && ` (${kind})`}`, 'denied');
  }
  const url = new URL(realm);
  url.username = '';
  url.password = '';
  if (service !== undefined) url.searchParams.set('service', service);
  if (scope !== undefined) url.searchParams.set('scope', scope);
  if (credentials !== undefined && !isPrivate(url))
    throw new MirrorRefusal(`its token server ${url.host} wants credentials, and without TLS is given none`, 'denied');
  const signal = AbortSignal.timeout(answerWithin);
  try {
    const headers = credentials === undefined ? {} : { authorization: basic(credentials) };
    const { response } = await connection.askElsewhere(url, headers, signal);
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

/** Whether nobody between us and there can read what is sent. */
function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || isLoopback(hostname);
}

/** The parameters of the Bearer challenge among those of a WWW-Authenticate header (RFC 9110, section 11.6.1). */
function bearerParameters(challenge: string): Record<string, string | undefined> {
  const [, bearer = ''] = /(?:^|,)\s*bearer\s+(.*)$/i.exec(challenge) ?? [];
  const found: Record<string, string> = {};
  for (const [, name = '', quoted, token] of bearer.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/g))
    found[name.toLowerCase()] ??= quoted ?? token ?? '';
  return found;
}
