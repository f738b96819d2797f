/** A program that the supervisor starts; its stdout and stderr are appended to `log`. */
export interface Program {
  command: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  log: string;
}

/** What the test process asks of the supervisor. Each is answered once. */
export type Request = { id: number } & (
  | { start: string; program: Program }
  /** `signal`, then SIGKILL after `patienceMs`; answered when the program has ended. */
  | { stop: string; signal: NodeJS.Signals; patienceMs: number }
  /** Passes TCP connections from one address of this machine on to another. */
  | { forward: Address; to: Address }
);

export interface Address {
  host: string;
  port: number;
}

/** What the supervisor tells: it is ready, the answer to a request, or that a program ended unasked. */
export type Report = { ready: true } | { id: number; error?: string } | { ended: string; how: string };

/** A message as it arrived from the other process, which runs the same version of this code. */
export function isRequest(message: unknown): message is Request {
  return typeof message === 'object' && message !== null && 'id' in message;
}

export function isReport(message: unknown): message is Report {
  return (
    typeof message === 'object' && message !== null && ('ready' in message || 'id' in message || 'ended' in message)
  );
}
