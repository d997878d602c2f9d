import { warnUnknownIds } from '../coco/dataset.ts';
import type { AnnotationColumns } from '../coco/annotation-columns.ts';
import type { Id } from '../coco/id-keys.ts';
import type { EvalParamsInput } from '../coco/params.ts';
import { WarningLog } from '../coco/warnings.ts';
import { CocoEvalError, inFile, isInAnnotations } from '../errors.ts';
import { type EvaluateFileOptions, readAnnotations } from '../node/files.ts';
import { splitParameters, splitSelection } from '../splits/evaluate-split.ts';
import type { CategorySplit } from '../splits/split.ts';
import type { CommandLine } from './options.ts';
import { detectionParameters, idsInFile, refuse } from './parameters.ts';
import type { Progress } from './progress.ts';
import { readSplit } from './split.ts';
import { counted } from './words.ts';

/** The annotations and the parameters of a command line, ready for results files. */
export interface Opened {
  readonly dataset: AnnotationColumns;
  readonly lvis: boolean;
  readonly split: CategorySplit | undefined;
  /** What the flags say. */
  readonly flags: EvalParamsInput;
  /** The same, with what a split chooses. */
  readonly input: EvalParamsInput;
  /** What a split changes in a few words; absent without one. */
  readonly remark: string | undefined;
  readonly warnings: WarningLog;
  readonly nameOf: (id: number) => string;
}

/** Reads the parameters, the annotations and the split. */
export async function openAnnotations(line: CommandLine): Promise<Opened> {
  const { values } = line;
  const lvis = values.lvis === true;
  const crowdPose = values.crowdpose === true;
  if (crowdPose) refuse(line, { beside: '--crowdpose' }, ['lvis', 'split', 'shard']);
  const given = await detectionParameters(line);
  if (lvis && given.maxDets && given.maxDets.length !== 1) {
    throw new CocoEvalError('USAGE', `Expected one number for --max-dets beside --lvis but received ${given.maxDets.length}`, {
      hint: 'LVIS limits the detections of an image, not of a category: --max-dets 300.',
    });
  }
  const { iouType, mode, kptOksSigmas } = given;
  const dataset = await readAnnotations(line.groundTruth, { iouType, mode, kptOksSigmas, lvis, crowdPose });
  const idsOf = (records: readonly { readonly id: number }[]): ReadonlySet<Id> => new Set(records.map(({ id }) => dataset.keys.id(id)));
  const [images, categories] = [idsOf(dataset.images), idsOf(dataset.categories)];
  const { images: chosenImages, categories: chosenCategories, ...common } = given;
  const flags: EvalParamsInput = {
    ...common,
    imgIds: idsInFile('img-ids', chosenImages, images),
    catIds: idsInFile('cat-ids', chosenCategories, categories),
  };
  const split = values.split === undefined ? undefined : await readSplit(values.split, dataset, line.groundTruth);
  const input = split ? splitParameters(flags, splitSelection(dataset, split), lvis) : flags;
  const warnings = new WarningLog();
  warnUnknownIds('image', flags.imgIds, images, warnings);
  warnUnknownIds('category', flags.catIds, categories, warnings);
  const names = new Map(dataset.categories.map(({ id, name }) => [id, typeof name === 'string' ? name : String(dataset.keys.id(id))]));
  const nameOf = (id: number): string => names.get(id) ?? (id === -1 ? 'all' : String(dataset.keys.id(id)));
  return { dataset, lvis, split, flags, input, remark: split && splitRemark(split, flags, input, dataset), warnings, nameOf };
}

/** What a split changes of the usual evaluation: its numbers are not those without it. */
function splitRemark({ name }: CategorySplit, flags: EvalParamsInput, input: EvalParamsInput, dataset: AnnotationColumns): string {
  const [images, categories] = [dataset.images.length, dataset.categories.length];
  const changes = [
    ...(input.catIds === flags.catIds ? [] : [`${input.catIds!.length} of ${counted(categories, 'category', 'categories')}`]),
    ...(input.imgIds === flags.imgIds ? [] : [`${input.imgIds!.length} of ${counted(images, 'image')} (those with one of them)`]),
    ...(input.maxDets === flags.maxDets ? [] : [`at most ${input.maxDets!.join(', ')} detections`]),
  ];
  const scope = changes.length === 0 ? 'everything that was chosen' : changes.join(', ');
  return `split ${name}: ${scope}; all numbers are of these, also AP`;
}

/** How a results file is evaluated, with progress. */
export function fileOptions({ input, lvis }: Opened, progress: Progress): EvaluateFileOptions {
  return {
    ...input,
    lvis,
    onBytes: (done, total) => progress.step('reading results', done, total),
    onProgress: ({ done, total }) => progress.step('matching', done, total),
  };
}

/** Runs the evaluation of a results file; the annotations were read before, so a fault in them names no file yet. */
export async function inAnnotations<T>({ groundTruth }: CommandLine, work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => {
    throw error instanceof CocoEvalError && isInAnnotations(error) ? inFile(error, groundTruth) : error;
  });
}
