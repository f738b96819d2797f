import { firstBytes } from './first-bytes.ts';
import { MirrorRefusal, oneLine } from './refusal.ts';

const answerWithin = 20_000;
/** Bytes; tokens are a few KiB. */
const largestToken = 64 * 1024;

/**
 * Does what a `WWW-Authenticate: Bearer realm="…",service="…",scope="…"` asks for, anonymously (distribution spec, token
 * authentication).
 *
 * @returns the value of the Authorization header
 */
export async function fetchToken(challenge: string, scheme: 'http' | 'https'): Promise<string> {
  const parameters = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name?.toLowerCase(), value]),
  );
  const { realm, service, scope } = parameters;
  if (!/^bearer\s/i.test(challenge) || realm === undefined || !URL.canParse(realm)) {
    throw new MirrorRefusal(`401 Unauthorized: it wants credentials (${oneLine(challenge.split(' ')[0] ?? '')})`);
  }
  const url = new URL(realm);
  // A mirror over TLS must not send us to a place where anybody may answer.
  if (url.protocol !== 'https:' && !(scheme === 'http' && url.protocol === 'http:'))
    throw new MirrorRefusal(`its token server ${url.host} is not https`);
  if (service !== undefined) url.searchParams.set('service', service);
  if (scope !== undefined) url.searchParams.set('scope', scope);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerWithin) });
    const { token, access_token } = JSON.parse(await firstBytes(response, largestToken)) as Record<string, unknown>;
    const value = token ?? access_token;
    if (response.ok && typeof value === 'string') return `Bearer ${value}`;
    throw new MirrorRefusal(`its token server ${url.host} answered ${response.status}`);
  } catch (error) {
    if (error instanceof MirrorRefusal) throw error;
    throw new MirrorRefusal(`its token server ${url.host} did not give a token`, { cause: error });
  }
}
