import { CocoEvalError } from '../errors.ts';
import { MemoryBudget } from './memory-budget.ts';
import { JsonScanner } from './scanner.ts';
import { readValue } from './value.ts';

/**
 * Parses a JSON file from its bytes. Unlike `JSON.parse` it has no limit on length, and takes NaN and Infinity as Python writes them (for a later check
 * to report by entry). Ids beyond 2^53 (`id`, `image_id`, `category_id`) become bigint, so that no two of them are one.
 *
 * @param bytes UTF-8, with or without a byte order mark
 * @param maxMemory what the value may take, in bytes by an estimate from above; 3 GiB by default
 * @throws CocoEvalError `BAD_JSON` naming the byte, `LIMIT` for more than 64 nested lists and objects, or for more than `maxMemory`
 * @example
 * ```ts
 * import { parseJson } from 'coco-eval-js';
 * console.log(parseJson(new TextEncoder().encode('{"a": [1, NaN]}'))); // { a: [1, NaN] }
 * ```
 */
export function parseJson(bytes: Uint8Array, maxMemory?: number): unknown {
  const scanner = new JsonScanner(bytes);
  skipByteOrderMark(scanner);
  const value = readValue(scanner, new MemoryBudget(maxMemory));
  if (scanner.peek() !== -1) throw scanner.fail('the end of the file');
  return value;
}

/** A whole number that a double may round. */
const LONG_WHOLE_NUMBER = /[:[,]\s*-?(?:\d{16,}|\d[\d.]*[eE]\+?\d\d+)\s*[,}\]]/;

/** Longer texts are left to `parseJson`: the engine's own parser does not count what it builds. */
const MAX_NATIVE_BYTES = 2 ** 26;

/**
 * What the engine's own parser makes of a text. Undefined where `parseJson` must read it: long texts, those with the words of Python that JSON has not or with numbers that may be
 * ids beyond 2^53, and damaged ones, for the place of the fault.
 */
export function parseNatively(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_NATIVE_BYTES) return undefined;
  try {
    const text = new TextDecoder().decode(bytes);
    return LONG_WHOLE_NUMBER.test(text) ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

export const BYTE_ORDER_MARK_BYTES = 3;

/** UTF-8 files may start with EF BB BF; UTF-16 files are refused by name. */
export function skipByteOrderMark(scanner: JsonScanner): void {
  const [a, b, c] = scanner.bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) scanner.at = 3;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw new CocoEvalError('BAD_JSON', 'Expected a UTF-8 file but found a UTF-16 byte order mark', { hint: 'Save the file as UTF-8.' });
  }
}
