import { publicRegistries } from '../images/rules.ts';

/** One environment variable, as the README's table and `--help` show it. */
export interface Variable {
  readonly name: string;
  readonly meaning: string;
  /** Absent: required, or empty. */
  readonly default?: string;
  readonly example: string;
}

export const variables: readonly Variable[] = [
  {
    name: 'DOCKER_PROXY_URL',
    meaning:
      'required. Mirrors in order of preference, comma separated: `m.daocloud.io` (the registry goes into the path) or `docker.io=docker.m.daocloud.io` (stands for that registry). Paths and ports are allowed; https unless it says `http://` or is on loopback',
    example: 'm.daocloud.io,docker.io=docker.m.daocloud.io',
  },
  {
    name: 'MIRROR_REGISTRIES',
    meaning: `registries whose images the first kind of mirror may be asked for; \`*\` for all. Default: ${publicRegistries.join(', ')}`,
    example: 'docker.io,quay.io',
  },
  {
    name: 'NO_PROXY_DOCKER_DOMAIN',
    meaning:
      'registries whose images are never asked of a mirror, whatever else says so: `corp.example` (on any port), `corp.example:5000`, `*.corp.example` (all below it), `*`',
    example: 'harbor.corp.example:8443,*.corp.example',
  },
  {
    name: 'KUBE_FLEDGED_NAMESPACE',
    meaning: "kube-fledged's namespace; its own pull Jobs are never rescued, its controller is",
    default: 'kube-fledged',
    example: 'kube-fledged',
  },
  {
    name: 'IMAGE_CHECK_INTERVAL',
    meaning: 'seconds between sweeps for what no event told; on Knative `knative/pings.yaml` says when',
    default: '10',
    example: '10',
  },
  {
    name: 'INCLUDE_NAMESPACES',
    meaning: 'namespaces whose pods are rescued, comma separated. Default: all',
    example: 'default,team-a',
  },
  {
    name: 'EXCLUDE_NAMESPACES',
    meaning: 'namespaces whose pods are left alone',
    example: 'team-b',
  },
  {
    name: 'PULL_NAMESPACE',
    meaning:
      'namespace of the pull Jobs, created if it is missing; `knative/` and `standalone/` have it in other files too, to be changed with it',
    default: 'image-rescue-pull',
    example: 'image-rescue-pull',
  },
  {
    name: 'NODE_IMAGE',
    meaning:
      'image with Node.js 22 or newer in which the pull program runs; addressed through the mirrors; best by digest',
    default: 'docker.io/library/node:24-alpine',
    example: 'docker.io/library/node:24-alpine',
  },
  {
    name: 'MIRROR_PULL_SECRET',
    meaning:
      'name of a Secret (kubernetes.io/dockerconfigjson) in `PULL_NAMESPACE` with credentials for mirrors that want some',
    example: 'mirror',
  },
  {
    name: 'MIRROR_SECRET_REPOSITORIES',
    meaning:
      'images for which a mirror may be given those credentials, comma separated: `docker.io/team/app`, `docker.io/team/*` (all below it), `*`. For all others no mirror is given any',
    example: 'docker.io/team/*,quay.io/corp/app',
  },
  {
    name: 'VERIFY_DIGEST',
    meaning:
      '`pinned`: what is named by digest is verified, and a tag means what the first mirror says. `quorum`: two mirrors (of two hosts) must agree on what a tag means, and a tag that another node (of the first 10,000 running pods) runs as another digest is refused',
    default: 'pinned',
    example: 'quorum',
  },
  {
    name: 'PULLER',
    meaning:
      "`job` brings images onto nodes by pull Jobs; `kube-fledged` asks kube-fledged first, then a pull Job sees to the rest; `patch`, for clusters that forbid hostPath, puts a mirror's address into the stuck pod instead",
    default: 'job',
    example: 'patch',
  },
  {
    name: 'NAME_ON_NODE',
    meaning:
      "which images may come back under their own name: `any`, `digest` (only references by digest) or `never`; all others get a mirror's address in the stuck pod",
    default: 'any',
    example: 'digest',
  },
  {
    name: 'DRY_RUN',
    meaning: '`true` only says on each pod what would be done',
    default: 'false',
    example: 'true',
  },
  {
    name: 'HANG_AFTER',
    meaning: 'seconds after which a pod is told that its pull shows no end',
    default: '300',
    example: '300',
  },
  {
    name: 'ROUTE',
    meaning: "`auto` uses containerd's host configuration folder where containerd reads one; `off` never touches it",
    default: 'auto',
    example: 'off',
  },
  {
    name: 'ROUTE_HOLD',
    meaning: "seconds for which a route stays up after its pull, longer than the kubelet's longest back-off",
    default: '330',
    example: '330',
  },
  {
    name: 'COOL_DOWN',
    meaning: 'seconds for which a failed pull is not repeated, and for which any pull is remembered',
    default: '600',
    example: '600',
  },
  {
    name: 'PULLS_AT_ONCE',
    meaning: 'most pulls at once; whoever finds no slot is brought again, oldest first',
    default: '10',
    example: '10',
  },
  {
    name: 'PULLS_PER_NODE',
    meaning: 'most pulls at once on one node',
    default: '4',
    example: '4',
  },
  {
    name: 'RESCUES_PER_NAMESPACE',
    meaning: 'most pulls at once that pods of one namespace asked for',
    default: '10',
    example: '10',
  },
  {
    name: 'PULL_DEADLINE',
    meaning: 'seconds that one pull may take',
    default: '1800',
    example: '1800',
  },
  {
    name: 'START_DEADLINE',
    meaning: 'seconds that a pull pod may take to start, the download of its Node image included',
    default: '600',
    example: '600',
  },
  {
    name: 'RUNTIME_SOCKET',
    meaning:
      "the container runtime's socket on the nodes, where it is not where its runtime usually has it; `label:path` or `label=value:path` for the nodes with that label, comma separated, the first that fits counts",
    example: 'node.k0sproject.io/role:/run/k0s/containerd.sock,/run/containerd/containerd.sock',
  },
  {
    name: 'HOST_CONFIG_FOLDER',
    meaning:
      "containerd's `config_path` on the nodes (the first folder, where it names several), where it is not where it usually is; by label like the socket",
    example: 'microk8s.io/cluster=true:/var/snap/microk8s/current/args/certs.d,/etc/containerd/certs.d',
  },
  {
    name: 'SELINUX_TYPE',
    meaning: 'SELinux type of the pull program, on nodes where SELinux is enforced; by label like the socket',
    example: 'spc_t',
  },
  {
    name: 'LOG_LEVEL',
    meaning: '`debug`, `info`, `warn` or `error`',
    default: 'info',
    example: 'debug',
  },
];
