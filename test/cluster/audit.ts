import { readFile } from 'node:fs/promises';

/** One request that the API server answered. `time` is when it received it, RFC 3339 with microseconds. */
export interface AuditEntry {
  verb: string;
  user: string;
  /** Of the pod whose own token it came with. */
  pod?: string;
  userAgent: string;
  namespace?: string;
  resource?: string;
  subresource?: string;
  name?: string;
  code?: number;
  time: string;
  /** The body of writes to pods, events, jobs and configmaps. */
  requestObject?: unknown;
}

const writes = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** The API server's audit policy: everything, with the bodies of the writes that a rescue may make. */
export const auditPolicy = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  omitManagedFields: true,
  rules: [
    {
      level: 'Request',
      verbs: writes,
      resources: [
        { group: '', resources: ['pods', 'pods/*', 'events', 'configmaps'] },
        { group: 'events.k8s.io', resources: ['events'] },
        { group: 'batch', resources: ['jobs', 'jobs/*'] },
      ],
    },
    { level: 'Metadata' },
  ],
});

interface Line {
  stage: string;
  verb: string;
  user: { username: string; extra?: Record<string, string[]> };
  userAgent?: string;
  objectRef?: { namespace?: string; resource?: string; subresource?: string; name?: string };
  responseStatus?: { code?: number };
  requestReceivedTimestamp: string;
  requestObject?: unknown;
}

/**
 * The audit log so far, in the order of answers. A watch appears when it begins (stage ResponseStarted) and once more
 * when it ends.
 */
export async function readAudit(path: string): Promise<AuditEntry[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1); // what follows the last newline is half written
  return lines.map((line) => {
    const { verb, user, userAgent, objectRef, responseStatus, requestObject, ...rest }: Line = JSON.parse(line);
    const { namespace, resource, subresource, name } = objectRef ?? {};
    const code = responseStatus?.code;
    const pod = user.extra?.['authentication.kubernetes.io/pod-name']?.[0];
    return {
      verb,
      user: user.username,
      ...(pod === undefined ? {} : { pod }),
      userAgent: userAgent ?? '',
      ...(namespace === undefined ? {} : { namespace }),
      ...(resource === undefined ? {} : { resource }),
      ...(subresource === undefined ? {} : { subresource }),
      ...(name === undefined ? {} : { name }),
      ...(code === undefined ? {} : { code }),
      time: rest.requestReceivedTimestamp,
      ...(requestObject === undefined ? {} : { requestObject }),
    };
  });
}
