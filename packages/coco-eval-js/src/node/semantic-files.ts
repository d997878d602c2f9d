import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Warning } from '../coco/types.ts';
import { WarningLog } from '../coco/warnings.ts';
import { CocoEvalError, inFile, throwIfAborted } from '../errors.ts';
import { countSemanticImage, semanticConfusion } from '../semantic/semantic-confusion.ts';
import { semanticMetrics, type SemanticMetrics } from '../semantic/semantic-metrics.ts';
import { decodeLabelPng, readPngHeader } from './png.ts';
import { readRegularFile } from './read-file.ts';
import { readSemanticClasses, type SemanticClasses } from './semantic-classes.ts';

/** Bytes of one PNG. */
const MAX_PNG_BYTES = 2 ** 28;
/** What `vitamin segment` writes beside its folder of maps. */
const CLASSES_FILE = 'semantic.json';
/** No class. */
const NONE = -1;

/** What `evaluateSemanticFolders` may be told. */
export interface SemanticFoldersOptions {
  /** List of the classes of the ground truth, see `coco-eval --help`. Default: `semantic.json` beside its folder; without one the numbers mean what those of the predictions mean. */
  readonly gtClasses?: string | undefined;
  /** List of the classes of the predictions. Default: `semantic.json` beside their folder; without one the numbers mean what those of the ground truth mean. */
  readonly dtClasses?: string | undefined;
  /** Value of pixels without ground truth. Default: what its list of classes says, else 255, or 65535 where 255 is a class. */
  readonly ignore?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Images done and in all. */
  readonly onProgress?: ((event: { readonly done: number; readonly total: number }) => void) | undefined;
}

/** Result and what it was computed from. */
export interface SemanticOutcome {
  readonly metrics: SemanticMetrics;
  /** Of the classes of the ground truth, in the order of their values. */
  readonly names: readonly string[];
  readonly images: number;
  readonly warnings: readonly Warning[];
}

/**
 * mIoU, fwIoU, mACC and pACC of two folders of label maps, PNGs of one name: gray of up to 16 bits, or with a palette. Where both folders have a list of classes these
 * are matched by name, and pixels of predicted classes that the ground truth does not know are wrong.
 *
 * @throws CocoEvalError `USAGE` without a list of classes, `BAD_INPUT` naming the file, `INPUT_NOT_FOUND` or `INPUT_UNREADABLE`
 * @example
 * ```ts
 * import { evaluateSemanticFolders } from 'coco-eval-js/node';
 * async function meanIoU(): Promise<number | null> {
 *   const { metrics } = await evaluateSemanticFolders('truth', 'found/semantic', { gtClasses: 'classes.json' });
 *   return metrics.mIoU;
 * }
 * ```
 */
export async function evaluateSemanticFolders(
  gtFolder: string,
  dtFolder: string,
  options: SemanticFoldersOptions = {},
): Promise<SemanticOutcome> {
  const [gtFiles, dtFiles] = [await pngsOf(gtFolder), new Set(await pngsOf(dtFolder))];
  if (gtFiles.length === 0) throw new CocoEvalError('INPUT_NOT_FOUND', `Expected PNG files in ${gtFolder} but found none`);
  const missing = gtFiles.filter((name) => !dtFiles.has(name));
  if (missing.length > 0) {
    throw new CocoEvalError(
      'INPUT_NOT_FOUND',
      `Expected a prediction for each of the ${gtFiles.length} maps of the ground truth but ${missing.length} are missing in ${dtFolder}, first ${missing[0]}`,
    );
  }
  const warnings = new WarningLog();
  const known = new Set(gtFiles);
  const surplus = [...dtFiles].filter((name) => !known.has(name));
  for (const [i] of surplus.entries())
    warnings.add('unknown-image', i, 'predictions of images that are not in the ground truth: not evaluated');
  const classes = await meanings(gtFolder, dtFolder, options, warnings);
  const confusion = semanticConfusion(classes.names.length);
  for (const [done, name] of gtFiles.entries()) {
    throwIfAborted(options.signal);
    const [truth, prediction] = [join(gtFolder, name), join(dtFolder, name)];
    const [gt, dt] = await Promise.all([readBytes(truth), readBytes(prediction)]);
    if (gt.size !== dt.size) {
      throw new CocoEvalError('BAD_INPUT', `Expected a map of ${gt.size} in ${prediction} but found ${dt.size}`, {
        hint: 'Save the prediction at the size of the ground truth.',
      });
    }
    const maps = [indexes(prediction, dt.bytes, classes.dt), indexes(truth, gt.bytes, classes.gt)] as const;
    countSemanticImage(confusion, ...maps, { ignoreLabel: NONE, noAnswer: NONE });
    options.onProgress?.({ done: done + 1, total: gtFiles.length });
  }
  return { metrics: semanticMetrics(confusion), names: classes.names, images: gtFiles.length, warnings: warnings.list() };
}

/** Names of the PNGs of a folder, sorted. */
async function pngsOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => /\.png$/iu.test(name)).toSorted();
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const message = `Expected a folder of PNG files at ${folder} but ${missing ? 'it does not exist' : `failed: ${(cause as Error).message}`}`;
    throw new CocoEvalError(missing ? 'INPUT_NOT_FOUND' : 'INPUT_UNREADABLE', message, { cause });
  }
}

/** Class by value; `NONE` for values that stand for none. */
type ClassOfValue = ReadonlyMap<number, number>;

async function meanings(
  gtFolder: string,
  dtFolder: string,
  { gtClasses, dtClasses, ignore }: SemanticFoldersOptions,
  warnings: WarningLog,
): Promise<{ names: string[]; gt: ClassOfValue; dt: ClassOfValue }> {
  const [truth, answer] = [await classesOf(gtFolder, gtClasses), await classesOf(dtFolder, dtClasses)];
  const listed = truth ?? answer;
  if (!listed) {
    throw new CocoEvalError('USAGE', 'Expected a list of the classes but received none', {
      hint: 'Name it with --gt-classes or --dt-classes: JSON, names or entries with "id" and "name", bare or under "labels" or "categories".',
    });
  }
  const values = [...listed.names.keys()].toSorted((a, b) => a - b);
  const names = values.map((value) => listed.names.get(value)!);
  const own = values.map((value, index): [number, number] => [value, index]);
  const byName = new Map(names.map((name, index) => [name, index]));
  if (byName.size < names.length) throw new CocoEvalError('BAD_INPUT', 'Expected classes of different names but found one twice');
  const answers = truth && answer ? [...answer.names].map(([value, name]): [number, number] => [value, byName.get(name) ?? NONE]) : own;
  for (const [i] of answers.filter(([, index]) => index === NONE).entries())
    warnings.add('unknown-category', i, 'predicted classes that are not in the ground truth: their pixels count as wrong');
  return {
    names,
    gt: new Map([unlabeled(ignore ?? truth?.unlabeled, listed.names), ...own]),
    dt: new Map([unlabeled(answer?.unlabeled, (answer ?? listed).names), ...answers]),
  };
}

/** The value that stands for no class: 255 unless that is one. */
function unlabeled(given: number | undefined, names: ReadonlyMap<number, string>): [value: number, index: number] {
  return [given ?? (names.has(255) ? 65_535 : 255), NONE];
}

async function classesOf(folder: string, given: string | undefined): Promise<SemanticClasses | undefined> {
  if (given !== undefined) return await readSemanticClasses(given);
  try {
    return await readSemanticClasses(join(dirname(resolve(folder)), CLASSES_FILE));
  } catch (error) {
    if (error instanceof CocoEvalError && error.code === 'INPUT_NOT_FOUND') return undefined;
    throw error;
  }
}

async function readBytes(path: string): Promise<{ bytes: Uint8Array; size: string }> {
  const bytes = await readRegularFile(path, MAX_PNG_BYTES);
  const { width, height } = readPngHeader(bytes, path);
  return { bytes, size: `${width}x${height}` };
}

function indexes(path: string, bytes: Uint8Array, classes: ClassOfValue): Int32Array {
  const { ids, width } = decodeLabelPng(bytes, path);
  return Int32Array.from(ids, (value, i) => {
    const index = classes.get(value);
    if (index !== undefined) return index;
    const place = `row ${Math.floor(i / width)}, column ${i % width}`;
    throw inFile(
      new CocoEvalError('BAD_INPUT', `Expected the values of classes but found ${value} in ${place}`, {
        hint: 'Add it to the list of classes; the value of pixels without ground truth is named with --ignore.',
      }),
      path,
    );
  });
}
