import type { ChildProcess } from 'node:child_process';
import { isReport, type Request } from './messages.ts';

type Question = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

/** Questions and answers over the child's channel, which keeps the test process alive only while one is open. */
export function openChannel(child: ChildProcess) {
  const open = new Map<number, { resolve(): void; reject(error: Error): void }>();
  const ended = new Map<string, string>();
  const ready = Promise.withResolvers<void>();
  let last = 0;
  child.on('message', (message: unknown) => {
    if (!isReport(message)) return;
    if ('ready' in message) ready.resolve();
    else if ('ended' in message) ended.set(message.ended, message.how);
    else settle(message.id, message.error);
  });
  child.on('error', (error) => ready.reject(new Error('cannot make the namespace', { cause: error })));
  child.on('disconnect', () => {
    for (const id of open.keys()) settle(id, 'the cluster has ended');
  });
  const settle = (id: number, error?: string) => {
    const question = open.get(id);
    open.delete(id);
    if (open.size === 0) child.channel?.unref();
    if (error === undefined) question?.resolve();
    else question?.reject(new Error(error));
  };
  const ask = (question: Question) =>
    new Promise<void>((resolve, reject) => {
      if (!child.connected) return reject(new Error('the cluster has ended'));
      const id = ++last;
      open.set(id, { resolve, reject });
      child.channel?.ref();
      child.send({ id, ...question });
    });
  return { ready: ready.promise.finally(() => child.channel?.unref()), ended, ask };
}
