/** What Python's `str.isspace` takes for white space. */
const SPACE = String.raw`[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]`;
const edges = new RegExp(`^${SPACE}+|${SPACE}+$`, 'gu');
const runs = new RegExp(`${SPACE}+`, 'u');

/** `str.strip()`. */
export function pythonStrip(text: string): string {
  return text.replaceAll(edges, '');
}

/** `str.split()`: words between white space. */
export function pythonWords(text: string): string[] {
  return text.split(runs).filter((word) => word !== '');
}

/** Lines as Python's text files give them, without their ends. */
export function pythonLines(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/u);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/**
 * A float with this many decimals, as Python's `'%.2f' % value` writes it: of two that are equally near the even one, where JavaScript takes the larger one.
 *
 * @param digits - From 0 to 20.
 * @example
 * ```ts
 * import { fixedText } from '@vitamin-vlm/llava-bridge';
 * console.log(fixedText(0.125, 2), (0.125).toFixed(2)); // 0.12 0.13
 * ```
 */
export function fixedText(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  // From 2^53 on all floats are whole.
  const rounded = size < 2 ** 53 ? roundedText(size, digits) : `${BigInt(size)}${digits === 0 ? '' : `.${'0'.repeat(digits)}`}`;
  return value < 0 || Object.is(value, -0) ? `-${rounded}` : rounded;
}

function roundedText(size: number, digits: number): string {
  // Every digit there is: what follows the last one that stays decides.
  const exact = size.toFixed(100);
  const cut = exact.indexOf('.') + 1 + digits;
  const kept = exact.slice(0, digits === 0 ? cut - 1 : cut);
  const isTie = /^50*$/u.test(exact.slice(cut));
  return isTie && Number(kept.at(-1)) % 2 === 0 ? kept : size.toFixed(digits);
}

/** `round(value, digits)`. */
export function pythonRound(value: number, digits: number): number {
  return Number.isFinite(value) ? Number(fixedText(value, digits)) : value;
}

/** `float(text)`, undefined where Python raises. */
export function pythonFloat(text: string): number | undefined {
  const trimmed = pythonStrip(text).toLowerCase();
  const [, sign, name] = /^([+-]?)(inf|infinity|nan)$/u.exec(trimmed) ?? [];
  if (name !== undefined) return name === 'nan' ? Number.NaN : sign === '-' ? -Infinity : Infinity;
  if (!/^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/u.test(trimmed)) return undefined;
  return Number(trimmed.replaceAll('_', ''));
}
