import { CocoEvalError } from '../errors.ts';
import { checkMaskSize } from './rle.ts';
import type { Rle, RleObject } from './types.ts';

// A count is a signed number in groups of 5 bits, low group first; bit 32 says that another group follows; 48 is added to make it printable.
// From the 4th count on, the difference to the count two places before is stored (maskApi.c, rleToString and rleFrString).
const FIRST_CHAR = 48;
const MORE = 32;
const SIGN = 16;
/** 7 groups hold any run of a mask within the size limit; more can only be an attack or a broken file. */
const MAX_GROUPS = 7;

/**
 * Writes the compressed string of COCO files.
 *
 * @example
 * ```ts
 * import { formatRleString } from 'coco-eval-js';
 * console.log(formatRleString({ size: [5, 6], counts: Uint32Array.of(30) })); // "n0"
 * ```
 */
export function formatRleString(rle: Rle): string {
  const chars: string[] = [];
  for (let i = 0; i < rle.counts.length; i++) {
    let x = rle.counts[i]! - (i > 2 ? rle.counts[i - 2]! : 0);
    let more = true;
    while (more) {
      // Arithmetic instead of 32-bit operators: differences of uint32 need 33 bits.
      const rest = Math.floor(x / 32);
      const group = x - rest * 32;
      x = rest;
      more = group & SIGN ? x !== -1 : x !== 0;
      chars.push(String.fromCharCode(group + (more ? MORE : 0) + FIRST_CHAR));
    }
  }
  return chars.join('');
}

/**
 * Reads the compressed string of COCO files.
 *
 * @throws CocoEvalError `BAD_MASK` for a character outside the alphabet, a cut string, a negative run, or runs beyond `height * width`
 * @example
 * ```ts
 * import { parseRleString } from 'coco-eval-js';
 * console.log([...parseRleString('n0', 5, 6).counts]); // [30]
 * ```
 */
export function parseRleString(text: string, height: number, width: number): Rle {
  checkMaskSize(height, width);
  const counts = parseCounts(text);
  let total = 0;
  for (const count of counts) total += count;
  if (total > height * width) {
    throw new CocoEvalError('BAD_MASK', `Expected runs of at most ${height * width} pixels but the string covers ${total}`);
  }
  return { size: [height, width], counts };
}

/** The run lengths of a compressed string, without a check against a size. */
export function parseCounts(text: string): Uint32Array {
  const counts: number[] = [];
  let at = 0;
  while (at < text.length) {
    let value = 0;
    let groups = 0;
    let code: number;
    do {
      if (at >= text.length) throw new CocoEvalError('BAD_MASK', 'Expected the RLE string to go on but found its end inside a count');
      code = text.charCodeAt(at++) - FIRST_CHAR;
      if (code < 0 || code > 63)
        throw new CocoEvalError('BAD_MASK', `Expected RLE characters "0" to "o" but found code ${code + FIRST_CHAR} at ${at - 1}`);
      if (groups === MAX_GROUPS)
        throw new CocoEvalError('BAD_MASK', `Expected at most ${MAX_GROUPS} characters in an RLE count but found more at ${at - 1}`);
      value += (code & 31) * 32 ** groups++;
    } while (code & MORE);
    if (code & SIGN) value -= 32 ** groups;
    if (counts.length > 2) value += counts[counts.length - 2]!;
    if (value < 0 || value > 0xffffffff)
      throw new CocoEvalError('BAD_MASK', `Expected run lengths from 0 to 2^32-1 but run ${counts.length} is ${value}`);
    counts.push(value);
  }
  return Uint32Array.from(counts);
}

/**
 * An RLE as the object that COCO files hold: `{ size: [height, width], counts: "..." }`.
 *
 * @example
 * ```ts
 * import { encodeMask, toRleObject } from 'coco-eval-js';
 * console.log(JSON.stringify(toRleObject(encodeMask(new Uint8Array(30), 5, 6)))); // {"size":[5,6],"counts":"n0"}
 * ```
 */
export function toRleObject(rle: Rle): RleObject & { readonly counts: string } {
  return { size: [rle.size[0], rle.size[1]], counts: formatRleString(rle) };
}
