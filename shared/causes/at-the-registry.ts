import { answered, type Rule } from './rule.ts';

/** What the registry says. */
export const atTheRegistry: readonly Rule[] = [
  {
    cause: 'rate-limited',
    helps: 'yes',
    advice: 'its registry limits how much is pulled from here (too many requests)',
    says: [
      'too many request',
      'rate (?:limit|exceeded)',
      'throttl(?:ed|ing)',
      'data limit exceeded',
      answered('429'),
      'quota exceeded',
    ],
  },
  {
    cause: 'blocked',
    helps: 'yes',
    advice: 'its registry refuses this country or network',
    says: ['export control|legal reasons|sanctions', answered('451'), 'your (?:country|region|location|territory)'],
  },
  {
    cause: 'server-error',
    helps: 'yes',
    advice: 'its registry answers with a server error',
    says: [
      answered('408|5[0-9][0-9]'),
      '(?<!=) internal server error',
      'bad gateway',
      'service (?:temporarily )?unavailable',
      'gateway time-?out',
      'web server is down|origin is unreachable',
    ],
  },
  {
    cause: 'not-on-allow-list',
    helps: 'maybe',
    advice: 'the registry or mirror that it names serves only what is on its allow-list, and this image is not',
    says: ['(?:allow|white) -? list', '白名单'],
  },
  {
    cause: 'blob-missing',
    helps: 'maybe',
    advice: 'its registry knows it but has lost a part of it',
    says: ['unknown blob', 'blob unknown'],
  },
  {
    cause: 'forbidden',
    helps: 'maybe',
    advice: 'its registry, or something on the way, answers 403 Forbidden',
    says: ['<code>accessdenied', 'cloudflare'],
  },
  {
    cause: 'access-denied',
    helps: 'no',
    advice:
      "its registry denies access, so it is private or does not exist; check the name and the pod's imagePullSecrets",
    says: [
      'access (?:to the resource )?(?:is )?(?:denied|forbidden)',
      'insufficient (?:scope|permission)',
      'authorization failed',
      'denied:',
      ': denied',
      'permission ¤ denied',
    ],
  },
  {
    cause: 'unauthorized',
    helps: 'no',
    advice: "its registry wants credentials, or refuses those it was given; check the pod's imagePullSecrets",
    says: [
      'unauthorized',
      answered('401'),
      'authentication (?:failed|(?:is )?required)',
      'basic (?:auth )?credential',
      'username (?:or|and|/) password',
      'unauthenticated',
      'token has expired',
      'not authorized',
    ],
  },
  {
    cause: 'not-found',
    helps: 'no',
    advice:
      'its registry, or a host that the node asks in its place, has no such image; check the repository and the tag, or push it',
    says: [
      'not found',
      '(?:manifest|name|tag|repository) unknown',
      'unknown (?:manifest|repository)',
      'no such (?:image|manifest|repository)',
      'does not exist',
      'was deleted or has expired',
      answered('404|410'),
    ],
  },
  {
    cause: 'forbidden',
    helps: 'maybe',
    advice: 'its registry, or something on the way, answers 403 Forbidden',
    says: [answered('403'), 'forbidden'],
  },
  {
    cause: 'not-a-registry',
    helps: 'maybe',
    advice: 'what answers in place of its registry is not one; a captive portal or a proxy may be in between',
    says: ['invalid character', '<html', '<!doctype', 'malformed http'],
  },
  { cause: 'timeout', helps: 'yes', advice: 'its registry does not answer in time', says: ['timeout'] },
];
