/** Whether the image can come from a mirror: a 'maybe' is tried; a 'no' needs a person; a 'never' is a decision to respect. */
export type Helps = 'yes' | 'maybe' | 'no' | 'never';

/** One kind of failure. The first rule that fits a message decides. */
export interface Rule {
  readonly cause: string;
  readonly helps: Helps;
  /** A clause that follows a colon: what is wrong and, where no mirror helps, what a person has to do. */
  readonly advice: string;
  /** Reasons of the kubelet that say it all. */
  readonly reasons?: readonly string[];
  /** Regular expressions, spaces without meaning; names stand as ¤ (see bare-words.ts). */
  readonly says?: readonly string[];
}

/** A status that a server answered, in the words of containerd, CRI-O and Docker. */
export function answered(codes: string): string {
  return `(?:status|code|http|registry|¤:|\\]:) [:=(]? (?:${codes}) (?![0-9])`;
}
