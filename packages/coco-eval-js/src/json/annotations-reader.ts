import { AnnotationColumns, type GroundTruthOptions } from '../coco/annotation-columns.ts';
import { checkDataset, checkList, contextOf, notAnnotations, notList } from '../coco/dataset.ts';
import { GroundTruthBuilder, readGroundTruth } from '../coco/ground-truth-builder.ts';
import { IdKeys } from '../coco/id-keys.ts';
import { indexOf } from '../coco/ids.ts';
import type { Dataset } from '../coco/types.ts';
import { WarningLog } from '../coco/warnings.ts';
import { CocoEvalError, inEntry } from '../errors.ts';
import { EntryScanner } from './entry-scanner.ts';
import { MemoryBudget } from './memory-budget.ts';
import { parseJson, parseNatively, skipByteOrderMark } from './parse-json.ts';
import { CLOSE_LIST, CLOSE_OBJECT, JsonScanner, OPEN_LIST, OPEN_OBJECT } from './scanner.ts';
import { skipValue } from './skip.ts';
import { readValue } from './value.ts';

/** Columns of so many annotations take some 3 GiB: what a small .gz unpacks to must end somewhere. */
const MAX_ENTRIES = 2 ** 25;

/**
 * Reads an annotation file straight into columns: no string of the whole file and no object for each annotation, and what the evaluation does not look at
 * (masks are most of a file) is passed over.
 *
 * @throws CocoEvalError `BAD_JSON`, `BAD_INPUT` naming the entry, `LIMIT`
 */
export function parseAnnotations(bytes: Uint8Array, options: GroundTruthOptions): AnnotationColumns {
  try {
    const columns = readColumns(bytes, options);
    return columns.faults.count === 0 ? columns : readObjects(bytes, options, () => columns);
  } catch (error) {
    if (!(error instanceof CocoEvalError) || error.code !== 'BAD_INPUT') throw error;
    return readObjects(bytes, options, () => {
      throw error;
    });
  }
}

/**
 * A fault may be none: of a key that stands twice the last value counts, and the mask of an image that the file does not have is not looked at. Both show in
 * the objects.
 */
function readObjects(bytes: Uint8Array, options: GroundTruthOptions, withoutRoom: () => AnnotationColumns): AnnotationColumns {
  try {
    return readGroundTruth(checkDataset(parseNatively(bytes) ?? parseJson(bytes)), options);
  } catch (error) {
    if (error instanceof CocoEvalError && error.code === 'LIMIT') return withoutRoom();
    throw error;
  }
}

function readColumns(bytes: Uint8Array, options: GroundTruthOptions): AnnotationColumns {
  const scanner = new JsonScanner(bytes);
  const memory = new MemoryBudget();
  skipByteOrderMark(scanner);
  if (scanner.peek() !== OPEN_OBJECT) throw notAnnotations(readValue(scanner, memory));
  const warnings = new WarningLog();
  const keys = new IdKeys();
  const builder = new GroundTruthBuilder(options, keys, warnings);
  const lists: { images?: Dataset['images']; annotations?: true; categories?: Dataset['categories'] } = {};
  if (scanner.enter(OPEN_OBJECT, CLOSE_OBJECT, 'an object')) {
    do {
      const key = scanner.key();
      if (Object.hasOwn(lists, key)) throw new CocoEvalError('BAD_INPUT', `Expected one "${key}" in the annotation file but found two`);
      if (key === 'images') {
        lists.images = checkList(key, readSection(scanner, memory));
        builder.images = indexOf(keys.records(lists.images));
      } else if (key === 'categories') lists.categories = checkList(key, readSection(scanner, memory));
      else if (key === 'annotations') {
        readEntries(scanner, builder, memory);
        lists.annotations = true;
      } else skipValue(scanner);
    } while (scanner.next(CLOSE_OBJECT));
  }
  if (scanner.peek() !== -1) throw scanner.fail('the end of the file');
  const { images, annotations, categories } = lists;
  if (images === undefined) throw notList('images', undefined);
  if (annotations === undefined) throw notList('annotations', undefined);
  if (categories === undefined) throw notList('categories', undefined);
  const known = contextOf({ images, categories }, keys);
  return new AnnotationColumns(known, builder.build(known), options, warnings.list(), builder.faults);
}

/** A value that stays as objects. */
function readSection(scanner: JsonScanner, memory: MemoryBudget): unknown {
  scanner.peek();
  const { at } = scanner;
  skipValue(scanner);
  const value = parseNatively(scanner.bytes.subarray(at, scanner.at));
  if (value !== undefined) return value;
  scanner.at = at;
  return readValue(scanner, memory);
}

function readEntries(scanner: JsonScanner, builder: GroundTruthBuilder, memory: MemoryBudget): void {
  if (scanner.peek() !== OPEN_LIST) throw notList('annotations', readValue(scanner, memory));
  if (!scanner.enter(OPEN_LIST, CLOSE_LIST, 'a list')) return;
  const entries = new EntryScanner(scanner, builder.fields, 'annotations');
  try {
    do {
      if (scanner.peek() === OPEN_OBJECT) {
        entries.read(builder.count);
        builder.commit();
      } else builder.add(readValue(scanner, memory));
      if (builder.count > MAX_ENTRIES) throw new CocoEvalError('LIMIT', `Expected at most ${MAX_ENTRIES} annotations but found more`);
    } while (scanner.next(CLOSE_LIST));
  } catch (error) {
    throw inEntry(error, 'annotations', builder.count);
  }
}
