/** Whether the image can come from a mirror: a 'maybe' is tried; a 'no' needs a person; a 'never' is a decision to respect. */
export type Helps = 'yes' | 'maybe' | 'no' | 'never';

/** One kind of failure. The first rule that fits a message decides. */
export interface Rule {
  readonly cause: string;
  readonly helps: Helps;
  /** A clause that follows a colon: what is wrong and, where no mirror helps, what a person has to do. */
  readonly advice: string;
  /** Reasons of the kubelet that say it all. */
  readonly reasons?: readonly string[];
  /** Regular expressions, spaces without meaning; names stand as ¤ (see bare-words.ts). */
  readonly says?: readonly string[];
}

/** A status that a server answered, in the words of containerd, CRI-O and Docker. */
function answered(codes: string): string {
  return `(?:status|code|http|registry|¤:|\\]:) [:=(]? (?:${codes}) (?![0-9])`;
}

/**
 * What keeps images from being pulled, most telling first: what the node or a policy decides, then what the way to the
 * registry does, then what the registry says. Phrases come from the sources of containerd, containers/image, moby, Go's
 * net and the kubelet, and from what people met (test/fixtures/pull-failure-messages.json).
 */
export const rules: readonly Rule[] = [
  {
    cause: 'signature-rejected',
    helps: 'never',
    advice:
      "its signature was refused by the cluster's policy, and image-rescue never goes around that; sign the image or change the policy",
    reasons: ['SignatureValidationFailed'],
    says: [
      'signaturevalidationfailed',
      'source image rejected',
      'signature was required',
      'signature (?:verification|validation) failed',
      'signatures? (?:were|was) accepted',
      'image verifier .* blocked',
      'image verification failed',
      'image is not signed',
      'trust data',
    ],
  },
  {
    cause: 'policy',
    helps: 'never',
    advice:
      'a policy of the registry, the node or the cluster forbids it, and image-rescue never goes around that; change the image or the policy',
    says: [
      '(?:rejected|blocked|denied|forbidden|prohibited) by (?:policy|plugin|your organi[sz]ation)',
      'is blocked in ¤',
      'policy ?violation',
      'due to configured policy',
      'blocking policy',
    ],
  },
  {
    cause: 'invalid-name',
    helps: 'no',
    advice: 'it is not a valid image name; correct it in the workload',
    reasons: ['InvalidImageName'],
    says: [
      'invalid reference format',
      'invalidimagename',
      "(?:couldn't|could not|unable to|cannot) parse (?:image|reference)",
      'invalid (?:repository name|tag format|checksum digest)',
      'must be lowercase',
    ],
  },
  {
    cause: 'never-policy',
    helps: 'no',
    advice: 'its imagePullPolicy is Never, so it must be put on the node by hand or the policy changed',
    reasons: ['ErrImageNeverPull'],
    says: ['pull policy of never', 'errimageneverpull'],
  },
  {
    cause: 'short-name',
    helps: 'no',
    advice:
      'the node does not accept a name without its registry; write the full name, such as docker.io/library/nginx',
    says: ['short-?name', 'ambiguous list', 'unqualified-search registries'],
  },
  {
    cause: 'runtime-down',
    helps: 'no',
    advice: 'the container runtime of its node did not answer; look at containerd, CRI-O or Docker on that node',
    says: [
      'dial unix',
      'connect to the docker daemon',
      'error reading from server',
      'transport is closing',
      'unknown service runtime',
    ],
  },
  {
    cause: 'disk-full',
    helps: 'no',
    advice: "its node's disk is full; free space or enlarge the disk of the container runtime's folder",
    says: ['no space left', 'disk quota exceeded', 'not enough (?:disk )?space', 'insufficient (?:disk )?space'],
  },
  {
    cause: 'node-storage',
    helps: 'no',
    advice: 'its node cannot store it; look at the disk and the container runtime of that node',
    says: [
      'read-only file ?system',
      'input/output error',
      'structure needs cleaning',
      'too many open files',
      'cannot allocate memory',
      'insufficient uids or gids',
      'snapshotter not loaded',
      '(?:open|mkdir|chown|write|rename) ¤: permission denied',
    ],
  },
  {
    cause: 'kubelet-limit',
    helps: 'no',
    advice: 'the kubelet limits its own pulls and tries again by itself; if it stays so, raise registryPullQPS',
    says: ['pull qps exceeded'],
  },
  {
    cause: 'schema-1',
    helps: 'no',
    advice: 'it has the image format of Docker before 2016 (schema 1); it must be built and pushed anew',
    says: [
      'schema (?:version)? :? v?1(?![0-9])',
      'distribution\\.manifest\\.v1\\+',
      'docker image format v1',
      'missing signature key',
      'no longer supported since containerd',
    ],
  },
  {
    cause: 'platform',
    helps: 'no',
    advice: "it is not built for its node's platform; use an image that is, or a node of the image's platform",
    says: [
      'no match(?:ing manifest)? for (?:platform|¤|unknown|linux|windows)',
      'no (?:image|child|manifest) (?:was )?(?:found|with) .* (?:architecture|platform)',
      'manifest for platform',
      'does not (?:match|provide) the specified platform',
      'operating system .* (?:cannot be used|does not match)',
      'incompatible with a? .* host',
      'exec format',
    ],
  },
  {
    cause: 'unsupported-format',
    helps: 'no',
    advice: "its node's container runtime does not know the image's format; build it anew or upgrade the runtime",
    says: [
      'unsupported (?:manifest|media ?type|schema|docker v2s2|image-specific|compression)',
      'mediatype .* (?:not supported|unsupported)',
      'encountered remote',
      'invalid rootfs',
      'needed for decryption',
      'not an? (?:container )?image',
    ],
  },
  {
    cause: 'plain-http',
    helps: 'no',
    advice:
      "its registry speaks plain HTTP and the node's container runtime expects TLS; give the registry a certificate or configure it on the node as insecure",
    says: ['http response to https client', 'http request (?:was sent )?to (?:an )?https'],
  },
  {
    cause: 'proxy-misconfigured',
    helps: 'no',
    advice: "the node's proxy setting is wrong; correct HTTPS_PROXY in the environment of the container runtime",
    says: [
      'proxyconnect .* lookup ¤scheme',
      'proxyconnect .* first record does not look like',
      'invalid proxy',
      'proxy authentication required',
      answered('407'),
    ],
  },
  {
    cause: 'proxy-unreachable',
    helps: 'maybe',
    advice: "the node's proxy cannot be reached; if a mirror does not help, look at HTTPS_PROXY and at that proxy",
    says: ['proxyconnect', 'socks connect'],
  },
  {
    cause: 'registry-unavailable',
    helps: 'maybe',
    advice: 'its registry refuses the connection; it may be down, or a mirror configured on the node',
    reasons: ['RegistryUnavailable'],
    says: [
      'registryunavailable',
      'registry is unavailable',
      '(?:pinging (?:container|docker) registry|initializing source|copying system image) .* connection refused',
    ],
  },
  {
    cause: 'image-store',
    helps: 'maybe',
    advice: "its node's container runtime cannot say whether it has it; if this stays so, look at the runtime there",
    reasons: ['ImageInspectError'],
    says: ['imageinspecterror', 'snapshot ¤? does not exist'],
  },
  {
    cause: 'wrong-content',
    helps: 'maybe',
    advice: 'what its registry or something on the way delivers is not the image (wrong digest, size or kind)',
    says: [
      'unexpected commit digest',
      'size validation',
      'unexpected commit size',
      'digest (?:mismatch|did not match|verification|invalid)',
      'verification failed',
      '(?:digest|checksum) .* (?:does not|did not|mismatch)',
      'unexpected media type',
      'content digest',
      'invalid tar header',
      'corrupt input',
      'gzip: invalid',
    ],
  },
  {
    cause: 'untrusted-certificate',
    helps: 'maybe',
    advice:
      "the certificate of its registry is not trusted; DNS or a TLS-inspecting proxy may be in between, or the node's clock wrong",
    says: ['x509', 'tls: ', 'certificate (?:signed|has expired|verify)'],
  },
  {
    cause: 'rate-limited',
    helps: 'yes',
    advice: 'its registry limits how much is pulled from here (too many requests)',
    says: [
      'too many requests',
      'toomanyrequests',
      'rate (?:limit|exceeded)',
      'throttl(?:ed|ing)',
      'data limit exceeded',
      answered('429'),
      'quota exceeded',
    ],
  },
  {
    cause: 'cluster-registry',
    helps: 'no',
    advice:
      "its registry is a service of this cluster that the node's DNS does not know; internal images are never asked of a mirror, so make the name resolve on the node",
    says: ['lookup ¤service'],
  },
  {
    cause: 'dns',
    helps: 'yes',
    advice: "its registry's name cannot be resolved (DNS)",
    says: [
      'lookup ¤',
      'no such host',
      'server misbehaving',
      'name resolution',
      'name or service not known',
      'could not resolve',
    ],
  },
  {
    cause: 'blocked',
    helps: 'yes',
    advice: 'its registry is not to be had from this country or network',
    says: [
      'export control',
      'legal reasons',
      answered('451'),
      'sanction(?:s|ed)',
      'embargo',
      'your (?:country|region|location|territory)',
    ],
  },
  {
    cause: 'connection-reset',
    helps: 'yes',
    advice: 'the connection to its registry is cut (reset)',
    says: ['connection (?:was )?reset', 'broken pipe', 'forcibly closed', 'connection aborted', 'econnreset'],
  },
  {
    cause: 'connection-refused',
    helps: 'yes',
    advice: 'its registry refuses the connection',
    says: ['connection refused', 'actively refused', 'econnrefused'],
  },
  {
    cause: 'no-route',
    helps: 'yes',
    advice: 'the network has no way to its registry',
    says: [
      'no route to host',
      '(?:network|host) is (?:unreachable|down)',
      '(?:network|host) unreachable',
      'unreachable (?:network|host)',
      'connect: (?:operation not permitted|permission denied|invalid argument|protocol not available)',
      'cannot assign requested address',
      'no suitable address',
    ],
  },
  {
    cause: 'server-error',
    helps: 'yes',
    advice: 'its registry is out of order (it answers with a server error)',
    says: [
      answered('408|5[0-9][0-9]'),
      'internal server error',
      'bad gateway',
      'service (?:temporarily )?unavailable',
      'gateway time-?out',
      'web server is down',
      'origin is unreachable',
    ],
  },
  {
    cause: 'timeout',
    helps: 'yes',
    advice: 'its registry does not answer in time',
    says: [
      'i/o timeout',
      'deadline exceeded',
      'timed out',
      'handshake timeout',
      'client\\.timeout',
      'timeout (?:exceeded|awaiting)',
      'no response',
      'did not properly respond',
      'request canceled',
      'context canceled',
      'operation was canceled',
    ],
  },
  {
    cause: 'connection-closed',
    helps: 'yes',
    advice: 'the connection to its registry ends too early',
    says: [
      'unexpected eof',
      '(?:^|[^a-z]) eof (?![a-z])',
      'goaway',
      'connection (?:lost|closed|broken)',
      'closed (?:the |idle |network )?connection',
      'transport connection broken',
      'stream error',
    ],
  },
  {
    cause: 'not-on-allow-list',
    helps: 'maybe',
    advice: 'the registry or mirror that it names serves a list of images, and this one is not on it',
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
    advice: 'the storage behind its registry forbids it (403)',
    says: ['<code>accessdenied'],
  },
  {
    cause: 'access-denied',
    helps: 'no',
    advice:
      "its registry denies access, so it is private or does not exist; check the name and the pod's imagePullSecrets",
    says: [
      'access (?:to the resource )?(?:is )?(?:denied|forbidden)',
      'insufficient scope',
      'authorization failed',
      'denied:',
      ': denied',
      'permission ¤ denied',
      'does not have permission to access',
    ],
  },
  {
    cause: 'unauthorized',
    helps: 'no',
    advice: "its registry wants credentials or refuses those it got; check the pod's imagePullSecrets",
    says: [
      'unauthorized',
      answered('401'),
      'authenticat(?:ion|e) (?:is )?required',
      'authentication failed',
      'basic auth credentials',
      'basic credential not found',
      'username (?:or|and|/) password',
      'unauthenticated',
      'token has expired',
      'not authorized',
    ],
  },
  {
    cause: 'not-found',
    helps: 'no',
    advice: 'its registry has no such image; check the repository and the tag, or push it',
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
    advice: 'its registry or something on the way forbids it (403)',
    says: [answered('403'), 'forbidden'],
  },
  {
    cause: 'not-a-registry',
    helps: 'maybe',
    advice: 'what answers for its registry is no registry; a captive portal or a proxy may be in between',
    says: ['invalid character', '<html', '<!doctype', 'malformed http'],
  },
  { cause: 'timeout', helps: 'yes', advice: 'its registry does not answer in time', says: ['timeout'] },
];
