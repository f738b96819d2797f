/** What stands at a path of an image: content (mode 0755), a symbolic link, or an empty folder (mode 1777). */
export type FileEntry = Buffer | string | { symlink: string } | { folder: true };

/** path → entry. Paths are absolute or relative to the root, at most 100 bytes; parent folders are made. */
export type Files = Record<string, FileEntry>;

/** A ustar archive of the files, sorted by path, all owned by root with time 0: the same files give the same bytes. */
export function tar(files: Files): Buffer {
  const named = new Map(Object.entries(files).map(([path, entry]) => [path.replace(/^\/+/, ''), entry]));
  const parts: Buffer[] = [];
  const made = new Set<string>();
  for (const [path, entry] of [...named].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const [i, character] of [...path].entries()) {
      const parent = path.slice(0, i + 1);
      if (character !== '/' || made.has(parent) || named.has(parent.slice(0, -1))) continue;
      made.add(parent);
      parts.push(header(parent, { type: '5', mode: 0o755 }));
    }
    if (typeof entry === 'string' || Buffer.isBuffer(entry)) {
      const content = Buffer.from(entry);
      parts.push(header(path, { type: '0', mode: 0o755, size: content.length }), content);
      parts.push(Buffer.alloc((512 - (content.length % 512)) % 512));
    } else if ('symlink' in entry) {
      parts.push(header(path, { type: '2', mode: 0o777, link: entry.symlink }));
    } else {
      parts.push(header(`${path}/`, { type: '5', mode: 0o1777 }));
    }
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function header(path: string, entry: { type: string; mode: number; size?: number; link?: string }): Buffer {
  if (Buffer.byteLength(path) > 100) throw new Error(`path too long for a test image: ${path}`);
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, digits: number) => block.write(value.toString(8).padStart(digits, '0'), at);
  block.write(path, 0);
  octal(entry.mode, 100, 7);
  octal(0, 108, 7); // uid
  octal(0, 116, 7); // gid
  octal(entry.size ?? 0, 124, 11);
  octal(0, 136, 11); // time
  block.write(' '.repeat(8), 148); // the checksum counts its own field as spaces
  block.write(entry.type, 156);
  block.write(entry.link ?? '', 157);
  block.write('ustar\u000000', 257);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  block.write('\0 ', 154);
  return block;
}
