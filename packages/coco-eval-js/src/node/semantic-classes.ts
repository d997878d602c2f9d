import { CocoEvalError, describe, inFile } from '../errors.ts';
import { readJsonFile } from './files.ts';

/** What the values of label maps mean. */
export interface SemanticClasses {
  /** By value. */
  readonly names: ReadonlyMap<number, string>;
  /** The value of pixels without a class, where the list says so. */
  readonly unlabeled: number | undefined;
}

/** Beyond it no gray PNG has values. */
const MAX_VALUE = 65_535;

/**
 * Reads a list of classes: names, numbered by their places from 0, or entries with `id` and `name`; bare, or under `labels` (`semantic.json` of `vitamin segment`) or
 * `categories` (COCO).
 *
 * @throws CocoEvalError as `readJsonFile`, and `BAD_INPUT` naming the entry
 */
export async function readSemanticClasses(path: string): Promise<SemanticClasses> {
  const file = await readJsonFile(path);
  const { labels, categories, unlabeledValue } = isRecord(file) ? file : {};
  const entries = Array.isArray(file) ? file : (labels ?? categories);
  const fault = (expected: string, found: unknown): CocoEvalError =>
    inFile(new CocoEvalError('BAD_INPUT', `Expected ${expected} but found ${describe(found)}`), path);
  if (!Array.isArray(entries) || entries.length === 0) throw fault('a list of classes, bare or under "labels" or "categories",', entries);
  const names = new Map<number, string>();
  for (const [place, entry] of (entries as unknown[]).entries()) {
    const { id = place, name } = isRecord(entry) ? entry : { name: entry };
    if (typeof name !== 'string' || !isValue(id))
      throw fault(`a name, or an "id" from 0 to ${MAX_VALUE} and a "name", as class ${place}`, entry);
    if (names.has(id)) throw fault('each class once', id);
    names.set(id, name);
  }
  if (unlabeledValue !== undefined && !isValue(unlabeledValue)) throw fault(`"unlabeledValue" from 0 to ${MAX_VALUE}`, unlabeledValue);
  return { names, unlabeled: unlabeledValue };
}

function isValue(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_VALUE;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
