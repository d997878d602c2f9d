import { CLOSE_LIST, CLOSE_OBJECT, COLON, COMMA, isSpace, type JsonScanner, OPEN_LIST, OPEN_OBJECT, QUOTE } from './scanner.ts';
import { readValue } from './value.ts';

/** What stands between a value and the next key, backwards: in the same object, or in the one after it. */
const NEXT_KEY: readonly number[] = [COMMA];
const NEXT_OBJECT: readonly number[] = [OPEN_OBJECT, COMMA, CLOSE_OBJECT];

/** Passes over any value: brackets are counted, strings are stepped over, nothing is built or checked inside. */
export function skipValue(scanner: JsonScanner): void {
  const first = scanner.peek();
  if (first === QUOTE) scanner.range();
  else if (first !== OPEN_LIST && first !== OPEN_OBJECT) readValue(scanner);
  else if (!skipPolygons(scanner)) skipBrackets(scanner);
}

function skipBrackets(scanner: JsonScanner): void {
  const { bytes, end } = scanner;
  let depth = 0;
  for (let i = scanner.at; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < OPEN_LIST && byte !== QUOTE) continue;
    if (byte === QUOTE) {
      scanner.at = i;
      scanner.range();
      i = scanner.at - 1;
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth++;
    } else if ((byte === CLOSE_LIST || byte === CLOSE_OBJECT) && --depth === 0) {
      scanner.at = i + 1;
      return;
    }
  }
  scanner.at = end;
  throw scanner.fail('the end of a value');
}

/**
 * Polygons are most of an annotation file. They hold no quote, so they end at the last "]]" before the next one, which must start a key of this object or of
 * the one after it. False when what comes looks otherwise.
 */
function skipPolygons(scanner: JsonScanner): boolean {
  const { bytes, at: start } = scanner;
  if (bytes[start] !== OPEN_LIST || bytes[start + 1] !== OPEN_LIST) return false;
  const quote = bytes.indexOf(QUOTE, start);
  let at = before(bytes, quote, start);
  const between = bytes[at] === OPEN_OBJECT ? NEXT_OBJECT : NEXT_KEY;
  for (const byte of between) {
    if (bytes[at] !== byte) return false;
    at = before(bytes, at, start);
  }
  if (bytes[at] !== CLOSE_LIST || bytes[at - 1] !== CLOSE_LIST) return false;
  if (between === NEXT_KEY && !isKey(bytes, quote)) return false;
  scanner.at = at + 1;
  return true;
}

/** Whether a colon stands behind the string: in a list there is none. */
function isKey(bytes: Uint8Array, quote: number): boolean {
  let i = bytes.indexOf(QUOTE, quote + 1) + 1;
  while (isSpace(bytes[i]!)) i++;
  return bytes[i] === COLON;
}

/** Position of the last byte before `at` that is not white space. */
function before(bytes: Uint8Array, at: number, start: number): number {
  let i = at - 1;
  while (i > start && isSpace(bytes[i]!)) i--;
  return i;
}
