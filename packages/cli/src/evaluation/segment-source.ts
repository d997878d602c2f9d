import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { VitaminError } from '@vitamin-vlm/core';
import {
  type ClassList,
  findSegmentSet,
  openSegmentData,
  readClassList,
  type SegmentData,
  type SegmentPlaces,
  type SegmentSetName,
  vocabularyNames,
} from '@vitamin-vlm/fcclip-segmentation';
import type { Context } from '../command.ts';
import { readText } from '../text-file.ts';
import type { Places } from './evaluation.ts';
import type { segmentDataFlags } from './segment-data-flags.ts';

/** A list of class names; more than this is another kind of file. */
const MAX_LIST_BYTES = 2 ** 24;

/** What of a data set does not depend on where it lies. */
export interface SourceSettings {
  readonly dataset: string | null;
  readonly ignore: number | null;
}

/** Where the data set of the flags lies, in absolute paths. @throws VitaminError `USAGE` for parts that do not go together. */
export function segmentPlaces({ flags }: Pick<Context<typeof segmentDataFlags>, 'flags'>): Places {
  const { dataset, root, images, maps, annotations, instances, vocabulary } = flags;
  if (root !== undefined) return { root: resolve(root) };
  if (dataset !== undefined) throw new VitaminError('USAGE', `Expected --root DIR for --dataset ${dataset} but received none`);
  if (images === undefined || (annotations === undefined && (maps === undefined || vocabulary === undefined))) {
    throw new VitaminError(
      'USAGE',
      'Expected --images DIR with --annotations FILE, or with --maps DIR and --vocabulary LIST, but received less',
    );
  }
  const isList = vocabulary === undefined || (vocabularyNames as readonly string[]).includes(vocabulary);
  return {
    images: resolve(images),
    ...(annotations !== undefined && { annotations: resolve(annotations) }),
    ...(maps !== undefined && { maps: resolve(maps) }),
    ...(instances !== undefined && { instances: resolve(instances) }),
    ...(vocabulary !== undefined && { vocabulary: isList ? vocabulary : resolve(vocabulary) }),
  };
}

/** Opens the data set at these places. @throws VitaminError as `findSegmentSet`, `openSegmentData`. */
export async function openSegmentSource(places: Places, { dataset, ignore }: SourceSettings, limit?: number): Promise<SegmentData> {
  const { root } = places;
  if (root !== undefined)
    return await openSegmentData(await findSegmentSet(root, (dataset as SegmentSetName | null) ?? undefined), { limit });
  const classes = await readClasses(places['vocabulary']);
  return await openSegmentData(await plainPlaces(places, classes?.labels.length ?? 0, ignore), { classes, limit });
}

/** The classes of a list, or of a file with a class a line. */
async function readClasses(vocabulary: string | undefined): Promise<ClassList | Pick<ClassList, 'labels'> | undefined> {
  if (vocabulary === undefined) return undefined;
  const name = vocabularyNames.find((known) => known === vocabulary);
  if (name !== undefined) return await readClassList(name);
  const { parseLabelsFile } = await import('@vitamin-vlm/backbone');
  return { labels: parseLabelsFile(await readText(vocabulary, MAX_LIST_BYTES, '--vocabulary')) };
}

async function plainPlaces(places: Places, classes: number, ignore: number | null): Promise<SegmentPlaces> {
  const { images = '', annotations, maps = annotations?.replace(/\.json(?:\.gz)?$/u, '') ?? '' } = places;
  for (const [flag, folder] of [
    ['--images', images],
    ['--maps', maps],
  ] as const) {
    if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
      throw new VitaminError('INPUT_NOT_FOUND', `Expected a folder at ${flag} ${folder} but found none`);
    }
  }
  const none = ignore ?? (classes > 255 ? 65_535 : 255);
  const values = { classes: Array.from({ length: classes }, (_, i) => i), none: [none] };
  return {
    images,
    ...(annotations === undefined ? { semantic: { folder: maps, values } } : { panoptic: { annotations, maps } }),
    instances: places['instances'],
    missing: [],
  };
}
