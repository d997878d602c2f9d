import { corrupt, quote } from './corrupt.ts';
import { MAX_JSON_DEPTH, MAX_JSON_TOKENS } from './limits.ts';

/** A JSON object from a hostile file. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses a JSON object whose names are unique. `JSON.parse` keeps the last of two equal names, so two readers could see two different
 * tensors; and it allocates before anyone can say no. Depth, token count and names are therefore checked on the text first.
 */
export function parseStrictJson(path: string, bytes: Uint8Array, what: string): JsonObject {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw corrupt(path, `Expected UTF-8 text as ${what} but found other bytes`, { cause });
  }
  scan(path, text, what);
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (cause) {
    throw corrupt(path, `Expected JSON as ${what} but found a syntax error`, { cause });
  }
  throw corrupt(path, `Expected a JSON object as ${what} but found another value`);
}

/** True for a plain JSON object (not null, not an array). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function scan(path: string, text: string, what: string): void {
  /** Names seen in each open object; undefined for an open array. */
  const open: (Set<string> | undefined)[] = [];
  const tokens = /["{}[\],]/g;
  for (let count = 0, match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    const token = match[0];
    if (++count > MAX_JSON_TOKENS)
      throw corrupt(path, `Expected at most ${MAX_JSON_TOKENS} brackets, commas and strings in ${what} but found more`);
    if (token === '"') {
      const end = endOfString(text, tokens.lastIndex);
      if (end < 0) throw corrupt(path, `Expected JSON as ${what} but found a string without end`);
      const names = open.at(-1);
      if (names !== undefined && isName(text, end + 1)) addName(path, names, text.slice(match.index, end + 1), what);
      tokens.lastIndex = end + 1;
    } else if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : undefined);
      if (open.length > MAX_JSON_DEPTH) throw corrupt(path, `Expected at most ${MAX_JSON_DEPTH} nested levels in ${what} but found more`);
    } else if (token !== ',') {
      open.pop();
    }
  }
}

/** Position of the closing quote: the first one after an even number of backslashes. -1 when there is none. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return end;
  }
  return -1;
}

/** A string is a name when a colon follows it. */
function isName(text: string, from: number): boolean {
  let at = from;
  while (at < text.length && ' \t\n\r'.includes(text[at]!)) at++;
  return text[at] === ':';
}

function addName(path: string, names: Set<string>, literal: string, what: string): void {
  let name: string;
  try {
    name = JSON.parse(literal) as string;
  } catch (cause) {
    throw corrupt(path, `Expected JSON as ${what} but found a broken string`, { cause });
  }
  if (names.has(name)) throw corrupt(path, `Expected unique names in ${what} but found ${quote(name)} twice`);
  names.add(name);
}
