const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Style = keyof typeof codes;

/** Colours a text, or does not. */
export type Paint = (style: Style, text: string) => string;

export const inColour: Paint = (style, text) => (text === '' ? '' : `\u001b[${codes[style]}m${text}\u001b[0m`);
export const plain: Paint = (_, text) => text;

/** How a text is laid out. */
export interface Layout {
  readonly paint: Paint;
  /** Columns of the terminal; infinite where there is none. */
  readonly columns: number;
}
