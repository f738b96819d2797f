/** What of a Node (core/v1) a pull depends on. */
export interface Node {
  readonly name: string;
  readonly uid: string;
  /** `containerd://2.1.4`, `cri-o://1.33.0`, … */
  readonly runtime: string;
  /** `v1.36.3`, `v1.33.1+rke2r1`, … */
  readonly kubelet: string;
  /** `linux`, `windows`. */
  readonly system: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The first kubelet that remembers what it pulled, and takes such an image under that repository only (KEP-2535). */
const keepsRecords = 35;

/** Whether this kubelet (`v1.36.3`) keeps records of its pulls by default. */
export function keepsPullRecords(kubelet: string): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(kubelet) ?? [];
  return Number(major) > 1 || Number(minor) >= keepsRecords;
}
