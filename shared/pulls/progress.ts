/** How much of an image has come, in bytes; what the node has already does not come, so the end may be before all of it. */
export interface Progress {
  readonly bytes: number;
  readonly of: number;
}

/** The line of that log. */
export function progressLine({ bytes, of }: Progress, image: string): string {
  return `${megabytes(bytes)} of ${megabytes(of)} MB of ${image} have come`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

const line = /(\d+(?:\.\d+)?) of (\d+(?:\.\d+)?) MB of \S+ have come\s*$/;

/** What the log of a pull pod's registry container said last of how much has come. */
export function readProgress(log: string): Progress | undefined {
  const told = log.split('\n').flatMap((text) => {
    const [, bytes, of] = line.exec(text) ?? [];
    return bytes === undefined ? [] : { bytes: Math.round(Number(bytes) * 1e6), of: Math.round(Number(of) * 1e6) };
  });
  return told.at(-1);
}
