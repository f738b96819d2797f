import { answered, type Rule } from './rule.ts';

/** What happens between the node and its registry: mostly what a mirror is for. */
export const onTheWay: readonly Rule[] = [
  {
    cause: 'plain-http',
    helps: 'no',
    advice:
      'its node expects TLS and the registry speaks plain HTTP, or the reverse; give the registry a certificate or correct its entry in the registry configuration of that node',
    says: ['http response to https client', 'http request (?:was sent )?to (?:an )?https'],
  },
  {
    cause: 'proxy-misconfigured',
    helps: 'no',
    advice:
      'the proxy setting of its node is wrong; correct HTTPS_PROXY in the environment of the container runtime there',
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
    advice:
      'the proxy of its node cannot be reached; if a mirror does not help, look at HTTPS_PROXY there and at that proxy',
    says: ['proxyconnect', 'socks connect'],
  },
  {
    cause: 'registry-unavailable',
    helps: 'maybe',
    advice: 'its registry, or a mirror configured on the node, refuses the connection',
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
    advice:
      'the container runtime of its node cannot read its own image store; if this lasts, look at the runtime there',
    reasons: ['ImageInspectError'],
    says: [
      'imageinspecterror',
      'snapshot .{0,99} (?:does not exist|is not ready)',
      'missing parent ¤',
      'file does not exist',
    ],
  },
  {
    cause: 'wrong-content',
    helps: 'maybe',
    advice: 'what its registry, or something on the way, delivers is not the image (wrong digest, size or kind)',
    says: [
      'unexpected commit digest',
      'size validation',
      'unexpected commit size',
      'digest (?:mismatch|did not match|verification|invalid)',
      'verification failed',
      '(?:digest|checksum) .* (?:does not match|did not match|mismatch)',
      'unexpected media type',
      'wrong diff id',
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
      'its node does not trust the certificate of the registry; wrong DNS, a TLS-inspecting proxy or a wrong clock may be why',
    says: ['x509', 'tls: ', 'certificate (?:signed|has expired|verify)'],
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
    cause: 'connection-reset',
    helps: 'yes',
    advice: 'the connection to its registry is cut (reset)',
    says: ['connection (?:was )?(?:reset|aborted)', 'broken pipe', 'forcibly closed'],
  },
  {
    cause: 'connection-refused',
    helps: 'yes',
    advice: 'its registry refuses the connection',
    says: ['connection refused', 'actively refused'],
  },
  {
    cause: 'no-route',
    helps: 'yes',
    advice: 'there is no network route to its registry',
    says: [
      'no route to host',
      '(?:network|host) (?:is )?(?:unreachable|down)',
      'unreachable (?:network|host)',
      'connect: (?:operation not permitted|permission denied|invalid argument|protocol not available)',
      'cannot assign requested address',
      'no suitable address',
      'address family not supported',
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
      'did not properly respond',
      'request canceled',
      'context canceled',
      'operation was canceled',
    ],
  },
  {
    cause: 'connection-closed',
    helps: 'yes',
    advice: 'its registry, or something on the way, closes the connection too early',
    says: [
      'unexpected eof',
      '(?:^|[^a-z]) eof (?![a-z])',
      'goaway',
      'connection (?:lost|closed|broken (?! : malformed))',
      'closed (?:the |idle |network )?connection',
      'stream error',
    ],
  },
];
