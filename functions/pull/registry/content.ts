import { setTimeout as sleep } from 'node:timers/promises';
import type { MirrorAnswer } from '../../../shared/pulls/result.ts';
import type { Task } from '../../../shared/pulls/task.ts';
import { keepAnswers } from './answers.ts';
import { type Blob, openBlob, type Source, wholeBlob } from './blob.ts';
import type { Keyring } from './credentials.ts';
import type { Network } from './guard.ts';
import { fetchManifest, type Manifest } from './manifest.ts';
import { type MirrorClient, mirrorClient } from './mirror.ts';
import { agreement, contradiction, disagreement } from './quorum.ts';
import { MirrorRefusal } from './refusal.ts';

/** The image's manifest, and the mirror that has it. */
export interface Found extends Manifest {
  readonly mirror: string;
  /** Whether that mirror gave it for credentials only. */
  readonly credentials: boolean;
}

/** What the mirrors have of the one image that is being rescued; nothing in here asks for anything else. */
export interface Content {
  /** The manifest of the task's reference, from the first mirror that has it, or the first two that agree. Throws NoMirror. */
  resolve(): Promise<Found>;
  /** A manifest below it, by digest. Throws NoMirror. */
  manifest(digest: string): Promise<Manifest>;
  /** A blob from byte `start` on. Throws NoMirror. */
  blob(digest: string, start: number): Promise<Blob>;
  /** What each mirror said so far, in the order of the mirrors. */
  answers(): MirrorAnswer[];
}

/** No mirror served it. */
export class NoMirror extends Error {
  override name = 'NoMirror';
}

/** Where a connection broke, the next one may hold; milliseconds until it is tried. */
const breath = 1_000;

/** A mirror may break off a blob this often before it is given up. */
const mostBreaks = 2;

/** @param keyring credentials for the mirrors, where this image is one for which they may be given any */
export function mirroredContent(task: Task, network?: Network, keyring?: Keyring): Content {
  let mirrors = task.mirrors.map((address) => mirrorClient(address, network, keyring));
  const answers = keepAnswers(mirrors, Date.now);
  const manifests = new Map<string, Manifest>();
  let resolved: Promise<Found> | undefined;

  /** Asks the mirrors in order until `enough` is said of what was got. */
  async function each<T>(ask: (mirror: MirrorClient) => Promise<T>, enough: (got: T, mirror: MirrorClient) => boolean) {
    for (const mirror of mirrors) {
      try {
        const got = await ask(mirror);
        if (enough(got, mirror)) return { got, mirror };
      } catch (error) {
        if (!(error instanceof MirrorRefusal)) throw error;
        answers.refused(mirror, error);
      }
    }
    return undefined;
  }

  /** A part of what was found before: that it is nowhere now is worth a second look. */
  async function partOf<T>(digest: string, ask: (mirror: MirrorClient) => Promise<T>) {
    const first = await each(ask, () => true);
    if (first !== undefined) return first;
    if (answers.list().some(({ outcome }) => outcome === 'down')) {
      await sleep(breath);
      const second = await each(ask, () => true);
      if (second !== undefined) return second;
    }
    throw new NoMirror(`no mirror served ${digest}`);
  }

  /** A digest says itself what it means; of a tag, where the operator wants it so, two mirrors have to say the same. */
  async function resolve(): Promise<Found> {
    const votes: { host: string; digest: string; mirror: MirrorClient }[] = [];
    const wanted = task.verifyDigest === 'quorum' && !task.reference.includes(':') ? 2 : 1;
    const found = await each(
      (mirror) => fetched(mirror, task.reference),
      ({ digest }, mirror) => {
        votes.push({ host: mirror.name, digest, mirror });
        answers.hasIt(mirror, wanted === 1 ? undefined : `has it as ${digest}`);
        return wanted === 1 || agreement(votes) !== undefined;
      },
    );
    if (found === undefined) throw new NoMirror(disagreement(task.image, votes));
    const contradicted = contradiction(task.image, found.got.digest, task.elsewhere ?? []);
    if (contradicted !== undefined) throw new NoMirror(contradicted);
    const { mirror } = agreement(votes)?.[0] ?? found;
    // Who had the manifest is asked for the rest first.
    mirrors = [mirror, ...mirrors.filter((other) => other !== mirror)];
    return { ...found.got, mirror: mirror.name, credentials: mirror.hadCredentials() };
  }

  async function fetched(mirror: MirrorClient, reference: string): Promise<Manifest> {
    const manifest = await fetchManifest(mirror, reference);
    manifests.set(manifest.digest, manifest);
    return manifest;
  }

  return {
    resolve() {
      resolved ??= resolve();
      return resolved;
    },
    async manifest(digest) {
      return manifests.get(digest) ?? (await partOf(digest, (mirror) => fetched(mirror, digest))).got;
    },
    async blob(digest, start) {
      let current: Blob | undefined;
      const source: Source = {
        async open(offset) {
          const opened = await partOf(digest, (mirror) => openBlob(mirror, digest, offset));
          current = opened.got;
          return opened;
        },
        failed(mirror, problem) {
          answers.refused(mirror, problem);
          mirrors = [...mirrors.filter((other) => other !== mirror), mirror];
        },
      };
      const first = await source.open(start);
      const bytes = wholeBlob(digest, start, first, source, mostBreaks * mirrors.length);
      return { size: first.got.size, bytes, close: () => current?.close() };
    },
    answers: answers.list,
  };
}
