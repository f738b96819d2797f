/** Folders with fixed names that the components write to: inside the namespace they are its own and empty. */
const ownFolders = [
  '/run/containerd', // sockets and bundles of containerd's shims
  '/var/lib/cni',
  '/var/lib/kubelet', // the device plugins' socket, whatever --root-dir says
  '/var/log/pods',
  '/var/log/containers',
];

/** Settings of the machine that a kubelet changes: inside the namespace they are copies. */
const ownSettings = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];

/**
 * The first process of the namespace is a shell that waits for the supervisor: a shell's `wait` reaps orphans (shims
 * after a restart of containerd), which Node.js as pid 1 would not. "rshared" is what containers with mount
 * propagation need; nothing reaches the machine's own mounts.
 */
export const firstProcess = `set -e
mount --make-rshared /
for folder in ${ownFolders.join(' ')}; do mkdir -p $folder; mount -t tmpfs -o mode=0755 cluster $folder; done
for setting in ${ownSettings.join(' ')}; do
  copy="$0/settings/$setting"
  mkdir -p "$(dirname "$copy")"
  cat /proc/sys/$setting > "$copy"
  mount --bind "$copy" /proc/sys/$setting
done
"$@" & wait $!`;
