import { fledgedCases } from './fledged-cases.ts';

// kube-fledged where the kubelet's records are switched off. Nothing shows that in the cluster, so a pod is given the address
// here as well; it would have started by its name.

fledgedCases(
  { hostConfig: false, kubelet: { featureGates: { KubeletEnsureSecretPulledImages: false } } },
  { local: 'address', always: 'address' },
);
