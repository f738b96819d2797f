/** What tests read of any object. A caller that needs more names its own type: `kube.get<V1Pod>(…)`. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
}

export interface KubeList<T = KubeObject> {
  metadata: { resourceVersion: string; continue?: string };
  items: T[];
}

export interface WatchEvent<T = KubeObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T;
}

/** An answer of the API server that is not a 2xx; `status` is the HTTP status, `reason` Kubernetes' own word. */
export class KubeError extends Error {
  override name = 'KubeError';
  readonly status: number;
  readonly reason: string;
  constructor(what: string, status: number, body: string) {
    const said: { message?: string; reason?: string } = body.startsWith('{') ? JSON.parse(body) : { message: body };
    super(`${what}: ${status} ${said.message ?? ''}`);
    this.status = status;
    this.reason = said.reason ?? '';
  }
}

/** Paths are the API's own, `/api/v1/namespaces/default/pods/x?dryRun=All`. All throw KubeError. */
export interface Kube {
  get<T extends object = KubeObject>(path: string): Promise<T>;
  post<T extends object = KubeObject>(path: string, body: object): Promise<T>;
  put<T extends object = KubeObject>(path: string, body: object): Promise<T>;
  /** An array is a JSON patch, an object a merge patch unless `type` says 'strategic-merge-patch'. */
  patch<T extends object = KubeObject>(path: string, body: object, type?: string): Promise<T>;
  delete<T extends object = KubeObject>(path: string, body?: object): Promise<T>;
  /** A body that is not JSON, such as a pod's log. */
  text(path: string): Promise<string>;
  /**
   * Calls `onEvent` for every event of a list path until the returned function is called. It watches from the
   * resourceVersion in the path's query, or from all objects as they are. It does not begin again when it breaks off.
   */
  watch<T extends object = KubeObject>(path: string, onEvent: (event: WatchEvent<T>) => void): () => void;
  /** Polls until the predicate is true of the object (404: not yet). After `timeoutMs` throws, with the last object. */
  until<T extends object = KubeObject>(
    path: string,
    predicate: (object: T) => boolean,
    timeoutMs: number,
    what: string,
  ): Promise<T>;
  /** Polls until the path answers 404. */
  gone(path: string, timeoutMs: number): Promise<void>;
  close(): void;
}
