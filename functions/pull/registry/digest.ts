import { createHash, type Hash } from 'node:crypto';

/** Whether this is a digest that can be checked (OCI image spec, digests). */
export function isDigest(text: string): boolean {
  return /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/.test(text);
}

/** Hashes as a digest asks for it; sha256 where it is none. */
export function hashLike(digest: string): { hash: Hash; result(): string } {
  const algorithm = isDigest(digest) ? (digest.split(':')[0] ?? 'sha256') : 'sha256';
  const hash = createHash(algorithm);
  return { hash, result: () => `${algorithm}:${hash.digest('hex')}` };
}
