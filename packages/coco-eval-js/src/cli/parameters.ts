import type { Id } from '../coco/id-keys.ts';
import type { EvalParamsInput } from '../coco/params.ts';
import { CocoEvalError, describe } from '../errors.ts';
import { readWhole } from '../node/read-file.ts';
import { areas, choice, numbers, wordsOf } from './options.ts';
import type { CommandLine } from './options.ts';

const maxThreads = 256;
/** Of a file of ids: millions of them. */
const maxIdBytes = 2 ** 26;

/** The text of a flag, or of the file that it names as `@FILE`. */
async function textOf(value: string): Promise<string> {
  return value.startsWith('@') ? new TextDecoder().decode(await readWhole(value.slice(1), { maxBytes: maxIdBytes })) : value;
}

/** Words of a flag that names ids. */
async function words({ values }: CommandLine, flag: 'img-ids' | 'cat-ids'): Promise<string[] | undefined> {
  const value = values[flag];
  if (value === undefined) return undefined;
  const list = wordsOf(await textOf(value));
  if (list.length === 0) throw new CocoEvalError('USAGE', `Expected ids for --${flag} but received none`);
  return list;
}

/** The id that a word is in any file: a number where it is written as one. */
export function idOf(word: string): Id {
  if (!Number.isFinite(Number(word))) return word;
  return /^-?\d+$/.test(word) && !Number.isSafeInteger(Number(word)) ? BigInt(word) : Number(word);
}

/** Ids as the file has them: `007` is a text where the file has that text, and a number elsewhere. Other words need a file with text ids. */
export function idsInFile(flag: string, given: readonly string[] | undefined, known: ReadonlySet<Id>): readonly Id[] | undefined {
  const texts = [...known].some((id) => typeof id === 'string');
  return given?.map((word) => {
    const id = idOf(word);
    if (typeof id === 'string' && !texts)
      throw new CocoEvalError('USAGE', `Expected numbers for --${flag}, as in the file, but received ${describe(id)}`);
    return known.has(word) && !known.has(id) ? word : id;
  });
}

/** Parameters that all kinds of evaluation share. */
export interface CommonParameters {
  readonly mode: 'reference' | 'fixed' | undefined;
  /** Chosen images and categories, as they were written. */
  readonly images: readonly string[] | undefined;
  readonly categories: readonly string[] | undefined;
}

export async function commonParameters(line: CommandLine): Promise<CommonParameters> {
  return {
    mode: choice('mode', line.values.mode, ['reference', 'fixed']),
    images: await words(line, 'img-ids'),
    categories: await words(line, 'cat-ids'),
  };
}

/** Parameters of an evaluation of boxes, masks or keypoints; absent flags leave the reference's defaults. */
export async function detectionParameters(line: CommandLine): Promise<CommonParameters & Omit<EvalParamsInput, 'imgIds' | 'catIds'>> {
  const { values } = line;
  const area = values.area === undefined ? undefined : areas(values.area);
  const iouType =
    choice('iou-type', values['iou-type'], ['bbox', 'segm', 'boundary', 'keypoints']) ?? (values.crowdpose ? 'keypoints' : 'bbox');
  const list = (flag: 'max-dets' | 'iou-thrs'): number[] | undefined => {
    const value = values[flag];
    return value === undefined ? undefined : numbers(flag, value);
  };
  const { sigmas } = values;
  if (sigmas !== undefined && iouType !== 'keypoints') refuse(line, { without: '--iou-type keypoints' }, ['sigmas']);
  return {
    ...(await commonParameters(line)),
    iouType,
    useCats: values['no-cats'] !== true,
    maxDets: list('max-dets'),
    iouThrs: list('iou-thrs'),
    kptOksSigmas: sigmas === undefined ? undefined : numbers('sigmas', await textOf(sigmas)),
    areaRng: area?.areaRng,
    areaRngLbl: area?.areaRngLbl,
  };
}

/** Worker threads; 1 when the flag is absent. */
export function threadsOf({ values }: CommandLine): number {
  if (values.threads === undefined) return 1;
  const [count, ...more] = numbers('threads', values.threads);
  if (more.length > 0 || !Number.isInteger(count) || count! < 1 || count! > maxThreads) {
    throw new CocoEvalError('USAGE', `Expected --threads from 1 to ${maxThreads} but received ${describe(values.threads)}`);
  }
  return count!;
}

/** Refuses flags that mean nothing beside another one, or without it. */
export function refuse(
  line: CommandLine,
  which: { readonly beside: string } | { readonly without: string },
  names: readonly (keyof CommandLine['values'])[],
): void {
  const found = names.find((name) => line.values[name] !== undefined);
  if (found === undefined) return;
  if ('beside' in which)
    throw new CocoEvalError('USAGE', `Expected no --${found} beside ${which.beside}`, { hint: `Leave out --${found} or ${which.beside}.` });
  throw new CocoEvalError('USAGE', `Expected no --${found} without ${which.without}`, {
    hint: `Leave out --${found}, or add ${which.without}.`,
  });
}
