import { AnnotationColumns } from '../coco/annotation-columns.ts';
import { checkList, notAnnotations, notList } from '../coco/dataset.ts';
import { GroundTruthBuilder, type GroundTruthOptions } from '../coco/ground-truth-builder.ts';
import type { Dataset } from '../coco/types.ts';
import { WarningLog } from '../coco/warnings.ts';
import { CocoEvalError } from '../errors.ts';
import { EntryScanner } from './entry-scanner.ts';
import { MemoryBudget } from './memory-budget.ts';
import { skipByteOrderMark } from './parse-json.ts';
import { CLOSE_LIST, CLOSE_OBJECT, JsonScanner, OPEN_LIST, OPEN_OBJECT } from './scanner.ts';
import { skipValue } from './skip.ts';
import { readValue } from './value.ts';

/** All polygon coordinates and plain run lengths together: 2 GiB. */
const MAX_MASK_NUMBERS = 2 ** 28;

/**
 * Reads an annotation file straight into columns: no string of the whole file and no object for each annotation, and what the evaluation does not look at
 * (masks are most of a file) is passed over.
 *
 * @throws CocoEvalError `BAD_JSON`, `BAD_INPUT` naming the entry, `LIMIT`
 */
export function parseAnnotations(bytes: Uint8Array, options: GroundTruthOptions): AnnotationColumns {
  const scanner = new JsonScanner(bytes);
  const memory = new MemoryBudget();
  skipByteOrderMark(scanner);
  if (scanner.peek() !== OPEN_OBJECT) throw notAnnotations(readValue(scanner, memory));
  const warnings = new WarningLog();
  const builder = new GroundTruthBuilder(options, warnings);
  const lists = new Map<string, unknown>();
  if (scanner.enter(OPEN_OBJECT, CLOSE_OBJECT, 'an object')) {
    do {
      const key = scanner.key();
      if (lists.has(key)) throw new CocoEvalError('BAD_INPUT', `Expected one "${key}" in the annotation file but found two`);
      if (key === 'images' || key === 'categories') lists.set(key, checkList(key, readValue(scanner, memory)));
      else if (key === 'annotations') lists.set(key, readEntries(scanner, builder, memory));
      else skipValue(scanner);
    } while (scanner.next(CLOSE_OBJECT));
  }
  if (scanner.peek() !== -1) throw scanner.fail('the end of the file');
  for (const name of ['images', 'annotations', 'categories']) if (!lists.has(name)) throw notList(name, undefined);
  const known = { images: lists.get('images'), categories: lists.get('categories') } as Pick<Dataset, 'images' | 'categories'>;
  return new AnnotationColumns(known, builder.build(known), options, warnings.list());
}

function readEntries(scanner: JsonScanner, builder: GroundTruthBuilder, memory: MemoryBudget): true {
  if (scanner.peek() !== OPEN_LIST) throw notList('annotations', readValue(scanner, memory));
  if (!scanner.enter(OPEN_LIST, CLOSE_LIST, 'a list')) return true;
  const entries = new EntryScanner(scanner, builder.fields, 'annotations');
  try {
    do {
      if (scanner.peek() === OPEN_OBJECT) {
        entries.read(builder.count);
        builder.commit();
      } else builder.add(readValue(scanner, memory));
      checkLimit(builder);
    } while (scanner.next(CLOSE_LIST));
  } catch (error) {
    throw located(error, builder.count);
  }
  return true;
}

function checkLimit({ count, fields: { masks } }: GroundTruthBuilder): void {
  if (masks === undefined || masks.coords.length <= MAX_MASK_NUMBERS) return;
  const message = `Expected at most ${MAX_MASK_NUMBERS} numbers in masks but annotations[${count - 1}] goes beyond`;
  throw new CocoEvalError('LIMIT', message, { list: 'annotations', index: count - 1 });
}

/** A syntax error says in which annotation it was met. */
function located(error: unknown, index: number): unknown {
  if (!(error instanceof CocoEvalError) || error.index !== undefined) return error;
  const { code, message, hint } = error;
  return new CocoEvalError(code, `${message}, in annotations[${index}]`, { list: 'annotations', index, hint, cause: error });
}
