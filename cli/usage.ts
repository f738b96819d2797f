export const usage = `What image-rescue sees and does, read from the cluster of the current kubeconfig. Nothing is changed.

Usage: image-rescue status [-n NAMESPACE | -A] [--watch] [-o json|text]
       image-rescue explain POD [-n NAMESPACE] [-o json|text]
       kubectl image-rescue …                            the same, where both are on the PATH

status   which pods are stuck on an image and why, what was tried and what happens next;
         pulls under way, routes held, what rests until when, patched pods, how each mirror did
explain  the whole story of one pod

  -n, --namespace NAMESPACE   status: pods of this namespace only; explain: the pod's (default: the context's)
  -A, --all-namespaces        status: pods of all namespaces (default)
  -w, --watch                 status: again whenever something changes, until Ctrl-C
  -o, --output text|json      json: fields are only ever added, times are RFC 3339;
                              with --watch one line per change
      --pull-namespace NAME   where the pull Jobs are (default: PULL_NAMESPACE or image-rescue-pull)
      --kubeconfig FILE       in place of KUBECONFIG or ~/.kube/config
      --context NAME          in place of the current context
  -h, --help

Ends with 0; with 1 when something could not be read (it is named, the rest is shown); with 2 for wrong usage.
NO_COLOR in the environment means no colours.
`;
