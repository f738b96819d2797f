import { fledgedCases } from './fledged-cases.ts';

// kube-fledged on a node without a host configuration folder: its kubelet (1.35 or later) keeps a record of what it pulled
// for kube-fledged under a mirror's address, and takes that image under no other name.

fledgedCases({ hostConfig: false }, { local: 'address', always: 'address' });
