import { fledgedCases } from './fledged-cases.ts';

// kube-fledged with a kubelet that keeps no records of its pulls (below 1.35), without a host configuration folder.

fledgedCases({ hostConfig: false, kubernetes: 'kubernetes-1.34' }, { local: 'its own name', always: 'address' });
