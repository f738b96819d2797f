import type { Rule } from './rule.ts';

/** What a policy, the node or the image itself decides: no mirror changes it. */
export const onTheNode: readonly Rule[] = [
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
    advice: 'it has the image format of Docker before 2016 (schema 1); rebuild it and push it again',
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
    advice: "its node's container runtime does not know the image's format; rebuild the image or upgrade the runtime",
    says: [
      'unsupported (?:manifest|media ?type|schema|docker v2s2|image-specific|compression)',
      'mediatype .* (?:not supported|unsupported)',
      'encountered remote',
      'invalid rootfs',
      'needed for decryption',
      'not an? (?:container )?image',
    ],
  },
];
