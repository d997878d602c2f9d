import type { EvalParamsInput } from '../coco/params.ts';
import { CocoEvalError, describe } from '../errors.ts';
import { readWhole } from '../node/read-file.ts';
import { areas, choice, numbers } from './options.ts';
import type { CommandLine } from './options.ts';

const maxThreads = 256;
/** Of a file of ids: millions of them. */
const maxIdBytes = 2 ** 26;

/** Numbers of a flag, or of the file that it names as `@FILE`. */
async function ids({ values }: CommandLine, flag: 'img-ids' | 'cat-ids'): Promise<number[] | undefined> {
  const value = values[flag];
  if (value === undefined) return undefined;
  if (!value.startsWith('@')) return numbers(flag, value);
  return numbers(flag, new TextDecoder().decode(await readWhole(value.slice(1), { maxBytes: maxIdBytes })));
}

/** Parameters that all kinds of evaluation share. */
export interface CommonParameters {
  readonly mode: 'reference' | 'fixed' | undefined;
  readonly imgIds: readonly number[] | undefined;
  readonly catIds: readonly number[] | undefined;
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
  const maxDets = values['max-dets'];
  return {
    ...(await commonParameters(line)),
    iouType: choice('iou-type', values['iou-type'], ['bbox', 'segm', 'keypoints']) ?? 'bbox',
    useCats: values['no-cats'] !== true,
    maxDets: maxDets === undefined ? undefined : numbers('max-dets', maxDets),
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
