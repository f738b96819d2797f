import { PermissionError } from '../../shared/cluster/api.ts';

/** Keeps which permissions were missing, and what is not shown for want of them. */
export function permissions(): {
  /** What was read, or the other where the account may not read it; other errors are thrown. */
  permitted<T>(without: string, read: Promise<T>, otherwise: T): Promise<T>;
  /** One line per missing permission, of however many namespaces it is missing. */
  missing(): string[];
} {
  const known = new Map<string, { message: string; without: Set<string> }>();
  return {
    async permitted(without, read, otherwise) {
      try {
        return await read;
      } catch (error) {
        if (!(error instanceof PermissionError)) throw error;
        const { message } = error;
        const permission = /cannot \S+ resource \S+/.exec(message)?.[0] ?? message;
        const one = known.get(permission) ?? { message, without: new Set() };
        known.set(permission, { ...one, without: one.without.add(without) });
        return otherwise;
      }
    },
    missing: () => [...known.values()].map(({ message, without }) => [message, ...without].join('; ')),
  };
}
