import { CocoEvalError } from '../errors.ts';
import { JsonScanner } from './scanner.ts';

/**
 * Parses a JSON file from its bytes. Unlike `JSON.parse` it has no limit on length, takes NaN and Infinity as Python writes them (for a later check
 * to report by entry), and can leave out the values of some keys, which saves time and memory.
 *
 * @param bytes UTF-8, with or without a byte order mark
 * @param skipKeys object keys, at any depth, whose values are left out
 * @param maxMemory what the value may take, in bytes by an estimate from above; 3 GiB by default, less than the heap of Node on common machines
 * @throws CocoEvalError `BAD_JSON` naming the byte, `LIMIT` for more than 64 nested lists and objects, or for more than `maxMemory`
 * @example
 * ```ts
 * import { parseJson } from 'coco-eval-js';
 * console.log(parseJson(new TextEncoder().encode('{"a": [1, 2], "b": "left out"}'), ['b'])); // { a: [1, 2] }
 * ```
 */
export function parseJson(bytes: Uint8Array, skipKeys: readonly string[] = [], maxMemory: number = 3 * 2 ** 30): unknown {
  const scanner = new JsonScanner(bytes, new Set(skipKeys), maxMemory);
  skipByteOrderMark(scanner);
  const value = scanner.value();
  if (scanner.peek() !== -1) throw scanner.fail('the end of the file');
  return value;
}

/** UTF-8 files may start with EF BB BF; UTF-16 files are refused by name. */
export function skipByteOrderMark(scanner: JsonScanner): void {
  const [a, b, c] = scanner.bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) scanner.at = 3;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw new CocoEvalError('BAD_JSON', 'Expected a UTF-8 file but found a UTF-16 byte order mark', { hint: 'Save the file as UTF-8.' });
  }
}
