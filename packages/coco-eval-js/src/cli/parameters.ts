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

/** Ids of a flag: numbers where they are written as such, else text. */
async function ids({ values }: CommandLine, flag: 'img-ids' | 'cat-ids'): Promise<Id[] | undefined> {
  const value = values[flag];
  if (value === undefined) return undefined;
  const list = wordsOf(await textOf(value));
  if (list.length === 0) throw new CocoEvalError('USAGE', `Expected ids for --${flag} but received none`);
  return list.map((word) => {
    const number = Number(word);
    if (/^-?\d+$/.test(word)) return Number.isSafeInteger(number) ? number : BigInt(word);
    return Number.isFinite(number) ? number : word;
  });
}

/** Ids as the file has them: `7` is the text "7" where the file has no number 7 but that text. Words need a file with text ids. */
export function idsInFile(flag: string, given: readonly Id[] | undefined, known: ReadonlySet<Id>): readonly Id[] | undefined {
  const texts = [...known].some((id) => typeof id === 'string');
  return given?.map((id) => {
    if (typeof id === 'string' && !texts)
      throw new CocoEvalError('USAGE', `Expected numbers for --${flag}, as in the file, but received ${describe(id)}`);
    return !known.has(id) && known.has(String(id)) ? String(id) : id;
  });
}

/** Parameters that all kinds of evaluation share. */
export interface CommonParameters {
  readonly mode: 'reference' | 'fixed' | undefined;
  readonly imgIds: readonly Id[] | undefined;
  readonly catIds: readonly Id[] | undefined;
}

export async function commonParameters(line: CommandLine): Promise<CommonParameters> {
  return {
    mode: choice('mode', line.values.mode, ['reference', 'fixed']),
    imgIds: await ids(line, 'img-ids'),
    catIds: await ids(line, 'cat-ids'),
  };
}

/** Parameters of an evaluation of boxes, masks or keypoints; absent flags leave the reference's defaults. */
export async function detectionParameters(line: CommandLine): Promise<EvalParamsInput> {
  const { values } = line;
  const area = values.area === undefined ? undefined : areas(values.area);
  const iouType = choice('iou-type', values['iou-type'], ['bbox', 'segm', 'keypoints']) ?? 'bbox';
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
