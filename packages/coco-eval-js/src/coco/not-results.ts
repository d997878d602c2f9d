import { CocoEvalError, describe } from '../errors.ts';

const FORMAT = 'A results file is a JSON list of { image_id, category_id, score, bbox | segmentation | keypoints }.';

/** What is known of an object in the place of a list of results. */
export interface FoundObject {
  readonly keys: readonly string[];
  /** The key of a list of objects, if one was seen, and whether its entries have scores. */
  readonly list?: { readonly key: string; readonly scored: boolean } | undefined;
  /** Whether another object follows. */
  readonly followed: boolean;
}

/** The error for a value that is no list of results. */
export function notResults(value: unknown): CocoEvalError {
  if (typeof value !== 'object' || value === null) {
    return new CocoEvalError('BAD_INPUT', `Expected a list of results but received ${describe(value)}`, { hint: FORMAT });
  }
  const list = Object.entries(value).find(([, items]) => Array.isArray(items) && isRecord(items[0]));
  return objectForResults({
    keys: Object.keys(value),
    list: list && { key: list[0], scored: 'score' in (list[1] as object[])[0]! },
    followed: false,
  });
}

/** The error for an object in the place of a list of results, with advice that fits what it is. */
export function objectForResults(found: FoundObject): CocoEvalError {
  return new CocoEvalError('BAD_INPUT', 'Expected a list of results but found an object', { hint: adviceFor(found) });
}

function adviceFor({ keys, list, followed }: FoundObject): string {
  if (followed) return 'There is one JSON object per line, and a list is expected: join them, for instance with jq -s . FILE.';
  const isAnnotations = keys.includes('images') || keys.includes('categories');
  if (list !== undefined && (list.scored || !isAnnotations)) {
    return `Give the list under ${JSON.stringify(list.key)} alone, for instance with jq .${list.key} FILE.`;
  }
  if (isAnnotations) return 'Are annotation file and results file swapped?';
  if (keys.includes('image_id')) return 'A single result stands in a list, too: [{...}].';
  return FORMAT;
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
