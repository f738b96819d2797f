const ellipsis = '…';
const ellipsisBytes = Buffer.byteLength(ellipsis);

/** The first bytes of a text in UTF-8, never half a character; an ellipsis, if it fits, says that something is missing. */
export function cut(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  const whole = Buffer.from(text);
  if (whole.length <= bytes) return text;
  const mark = bytes < ellipsisBytes ? '' : ellipsis;
  let end = Math.max(bytes - Buffer.byteLength(mark), 0);
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${whole.subarray(0, end).toString()}${mark}`;
}
