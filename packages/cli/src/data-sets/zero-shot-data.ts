import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A picture that is to be classified, with its class and what else is known of it. */
export interface ClassifiedPicture {
  readonly picture: Uint8Array | string;
  readonly target: number;
  readonly fields?: readonly number[] | undefined;
}

/** A picture with its captions. */
export interface CaptionedPicture {
  readonly picture: Uint8Array;
  readonly captions: readonly string[];
}

/** A cue, pictures that may go with it, and those that do. */
export interface AssociationTask {
  readonly cue: string;
  readonly candidates: ReadonlyMap<string, string>;
  readonly associations: ReadonlySet<string>;
}

interface DataSet<Kind extends string, Sample> {
  readonly kind: Kind;
  /** DataComp's name, or that of the folder. */
  readonly name: string;
  /** Names of all samples, in their order. */
  readonly items: readonly string[];
  /** Reads a sample; its picture is not decoded. */
  readonly read: (index: number) => Promise<Sample>;
  readonly close: () => Promise<void>;
}

/** A data set for zero-shot classification, retrieval, or associations. */
export type ZeroShotData =
  | (DataSet<'classify', ClassifiedPicture> & {
      readonly classes: readonly string[];
      /** Sentences with {} for the name of a class; undefined where the data set has none. */
      readonly templates: readonly string[] | undefined;
    })
  | DataSet<'retrieval', CaptionedPicture>
  | DataSet<'associations', AssociationTask>;

/** A data set of some kinds. */
export type DataOf<Kind extends ZeroShotData['kind']> = Extract<ZeroShotData, { kind: Kind }>;

/** Lines of a text file that are not empty; undefined where there is none. */
export async function readList(path: string): Promise<string[] | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text
    ?.split(/\r?\n/u)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Names of classes and sentences as DataComp's data sets have them beside their pictures; `{c}` is the name of a class. */
export async function readWords(root: string): Promise<{ classes: string[] | undefined; templates: string[] | undefined }> {
  const classes = await readList(join(root, 'classnames.txt'));
  const templates = await readList(join(root, 'zeroshot_classification_templates.txt'));
  return { classes, templates: templates?.map((line) => line.replaceAll('{c}', '{}')) };
}
