import { CocoEvalError } from '../errors.ts';
import { FIRST_ITEMS_BYTES, ITEM_BYTES, LIST_BYTES, MemoryBudget, NEW_KEY_BYTES, OBJECT_BYTES, STRING_BYTES } from './memory-budget.ts';
import { CLOSE_LIST, CLOSE_OBJECT, type JsonScanner, OPEN_LIST, OPEN_OBJECT, QUOTE } from './scanner.ts';

/** Arrays and objects nested deeper than this are refused: no such file is an annotation file, and recursion must end. */
const MAX_DEPTH = 64;

/** Fields that name something, alone or in a list. */
const ID_FIELDS: ReadonlySet<string> = new Set(['id', 'image_id', 'category_id', 'neg_category_ids', 'not_exhaustive_category_ids']);

/**
 * Takes any value, as `JSON.parse` gives it; whole numbers beyond 2^53 in fields that hold ids become bigint.
 *
 * @param ids whether the value is that of such a field
 * @throws CocoEvalError `BAD_JSON`, or `LIMIT` beyond the budget and for deeply nested values
 */
export function readValue(scanner: JsonScanner, memory: MemoryBudget = new MemoryBudget(), depth = 0, ids = false): unknown {
  if (scanner.atNumber()) return ids ? scanner.id() : scanner.number();
  const first = scanner.peek();
  if (first === OPEN_LIST || first === OPEN_OBJECT) {
    if (depth === MAX_DEPTH) {
      const place = scanner.offset + scanner.at;
      throw new CocoEvalError('LIMIT', `Expected at most ${MAX_DEPTH} nested lists and objects but found more at byte ${place}`);
    }
    return first === OPEN_LIST ? readList(scanner, memory, depth + 1, ids) : readObject(scanner, memory, depth + 1);
  }
  if (first === QUOTE) {
    scanner.range();
    memory.spend(STRING_BYTES + 2 * (scanner.to - scanner.from), scanner.offset + scanner.at);
    return scanner.text();
  }
  if (first === -1) throw scanner.fail('a value');
  return readWord(scanner, first);
}

/** true, false and null, or the words for numbers. */
function readWord(scanner: JsonScanner, first: number): unknown {
  if (first === 0x74 && scanner.takeWord('true')) return true;
  if (first === 0x66 && scanner.takeWord('false')) return false;
  if (first === 0x6e && scanner.takeWord('null')) return null;
  return scanner.number();
}

function readList(scanner: JsonScanner, memory: MemoryBudget, depth: number, ids: boolean): unknown[] {
  const list: unknown[] = [];
  memory.spend(LIST_BYTES, scanner.offset + scanner.at);
  if (!scanner.enter(OPEN_LIST, CLOSE_LIST, 'a list')) return list;
  memory.spend(FIRST_ITEMS_BYTES, scanner.offset + scanner.at);
  do {
    memory.spend(ITEM_BYTES, scanner.offset + scanner.at);
    list.push(readValue(scanner, memory, depth, ids));
  } while (scanner.next(CLOSE_LIST));
  return list;
}

function readObject(scanner: JsonScanner, memory: MemoryBudget, depth: number): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  memory.spend(OBJECT_BYTES, scanner.offset + scanner.at);
  if (!scanner.enter(OPEN_OBJECT, CLOSE_OBJECT, 'an object')) return object;
  do {
    const { newKeys } = scanner;
    const key = scanner.key();
    // A key that was not seen lately may be one of very many, each of which gives its object a shape of its own.
    memory.spend(ITEM_BYTES + (scanner.newKeys > newKeys ? NEW_KEY_BYTES + 2 * key.length : 0), scanner.offset + scanner.at);
    const value = readValue(scanner, memory, depth, ID_FIELDS.has(key));
    // Defined, not assigned: a key "__proto__" must stay data.
    if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
    else object[key] = value;
  } while (scanner.next(CLOSE_OBJECT));
  return object;
}
