import { atTheRegistry } from './at-the-registry.ts';
import { onTheNode } from './on-the-node.ts';
import { onTheWay } from './on-the-way.ts';
import type { Rule } from './rule.ts';

/**
 * What keeps images from being pulled, most telling first: the first rule that fits a message decides. The phrases are
 * those of containerd, containers/image, moby, Go's net, the kubelet and registries, and of what people met
 * (test/fixtures/pull-failure-messages.json).
 */
export const rules: readonly Rule[] = [...onTheNode, ...onTheWay, ...atTheRegistry];
