import type { AuditEntry } from './audit.ts';
import type { Kube } from './kube.ts';
import type { OutsideMode } from './outside.ts';
import type { Registry, RegistryOptions } from './registry.ts';
import type { Component } from './site.ts';

export interface ClusterOptions {
  /** Whether containerd has a config_path. */
  hostConfig: boolean;
  /** What differs from this cluster's kubelet configuration: featureGates, maxPods, … */
  kubelet?: Record<string, unknown>;
  /** A folder of components/: another version of Kubernetes. */
  kubernetes?: string;
  /** Told what takes longer than a moment; by default lines on stderr. */
  progress?: (line: string) => void;
}

/** etcd, apiserver, controller-manager, scheduler, containerd, kubelet, mirror, and registries by their names. */
export type ComponentNames = 'etcd' | 'apiserver' | 'controller-manager' | 'scheduler' | 'containerd' | 'kubelet';

/** A real Kubernetes of one Ready node. It ends with the process that started it, however that ends. */
export interface TestCluster {
  /** Path of the administrator's kubeconfig. */
  kubeconfig: string;
  /** A client with it. */
  kube: Kube;
  /** All state of the cluster; removed by stop(). */
  folder: string;
  nodeName: string;
  /** The node's own, which only programs of this machine and pods reach. */
  nodeAddress: string;
  /** Path of containerd's socket. */
  runtimeSocket: string;
  /** containerd's config_path, empty at first; where hostConfig is false nothing reads it and it does not exist. */
  hostConfigFolder: string;
  /** Folder from which the kubelet runs static pods. */
  staticPods: string;
  /** Folder from which containerd reads the pods' network: without a file there the node is NotReady. */
  networkFolder: string;
  mirror: Registry;
  /** Starts another registry, a component of this name. */
  startRegistry(name: string, options?: RegistryOptions): Promise<Registry>;
  /** Starts a program of the caller's own; from then on it is a component of its name. */
  add(component: Component): Promise<void>;
  /** How the outside answers, for one host name or by default; 'refuse' at first. */
  outside(mode: OutsideMode, host?: string): void;
  /** What containerd asked of the outside; `time` in milliseconds since 1970. */
  outsideRequests(): { host: string; time: number }[];
  audit(): Promise<AuditEntry[]>;
  logs(component: string): Promise<string>;
  restart(component: ComponentNames | (string & {}), signal?: NodeJS.Signals): Promise<void>;
  stopComponent(component: ComponentNames | (string & {}), signal?: NodeJS.Signals): Promise<void>;
  startComponent(component: ComponentNames | (string & {})): Promise<void>;
  /** Runs containerd's client in the kubelet's namespace, `k8s.io`. Returns its stdout. */
  ctr(...args: string[]): Promise<string>;
  kubectl(...args: string[]): Promise<string>;
  /** Kills everything and removes what it left: a moment. */
  stop(): Promise<void>;
}
