import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Label } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import type { PanopticCategory, PanopticSegment } from 'coco-eval-js';
import { readPanoptic } from 'coco-eval-js/node';
import { readClassList } from '../vocabulary/vocabularies.ts';
import { told } from './coco-errors.ts';
import type { SegmentPlaces } from './find-segment-set.ts';
import type { LabelValues } from './label-values.ts';
import { filesByStem, MAP_ENDINGS, PICTURE_ENDINGS } from './list-files.ts';
import { panopticClasses } from './panoptic-classes.ts';

/** A picture of a data set, and where its truth lies. */
export interface SegmentItem {
  /** Path of the picture in its folder, with forward slashes. */
  readonly name: string;
  readonly picture: string;
  readonly panoptic?:
    | { readonly imageId: number | string; readonly map: string; readonly segments: readonly PanopticSegment[] }
    | undefined;
  /** Its label map. */
  readonly semantic?: string | undefined;
}

/** A data set for segmentation: what is to be looked at, for what, and where the truth lies. */
export interface SegmentData {
  readonly labels: readonly Label[];
  readonly things: readonly boolean[];
  readonly items: readonly SegmentItem[];
  /** The categories of the panoptic file in the order of the classes. */
  readonly categories?: readonly PanopticCategory[] | undefined;
  /** How the label maps are meant. Absent: the panoptic maps say it. */
  readonly values?: LabelValues | undefined;
  readonly places: SegmentPlaces;
}

/** How a data set is read. */
export interface SegmentDataOptions {
  /** Classes, for places without a list of their own. Default: those of the panoptic file, which also says which are things where nobody else does. */
  readonly classes?: { readonly labels: readonly Label[]; readonly things?: readonly boolean[] | undefined } | undefined;
  /** Only the first pictures. */
  readonly limit?: number | undefined;
}

/**
 * Opens a data set: its classes, and each picture with its truth, in the order of the panoptic file or of the names of label maps. Nothing of the maps is read yet.
 *
 * @throws VitaminError `INPUT_NOT_FOUND`, `INPUT_UNREADABLE` naming the faulty entry; `USAGE` for truth without its pictures and for files of another data set.
 * @example
 * ```ts
 * import { findSegmentSet, openSegmentData } from '@vitamin-vlm/fcclip-segmentation';
 * const { items, labels } = await openSegmentData(await findSegmentSet('ADEChallengeData2016', 'ade20k-150'));
 * console.log(items.length, labels.length); // 2000 150
 * ```
 */
export async function openSegmentData(places: SegmentPlaces, { classes, limit }: SegmentDataOptions = {}): Promise<SegmentData> {
  const pictures = await byKey(places.images, PICTURE_ENDINGS, places, places.suffix);
  const maps = places.semantic && (await byKey(places.semantic.folder, MAP_ENDINGS, places, places.semantic.suffix));
  const semanticOf = (key: string): string | undefined => maps && join(places.semantic.folder, maps.get(key) ?? '');
  const values = places.semantic?.values;
  if (places.panoptic) {
    const { annotations, maps: folder, suffix } = places.panoptic;
    const records = await told(() => readPanoptic(annotations));
    const list = await panopticClasses(records.categories, places.set).catch((cause: unknown) => {
      if (!(cause instanceof VitaminError)) throw cause;
      throw new VitaminError('USAGE', `Expected the categories of ${places.set} in ${annotations} but found ${records.categories.length}`, {
        cause,
      });
    });
    const { labels, things = list.things } = classes ?? list;
    if (labels.length !== list.labels.length) {
      throw new VitaminError(
        'USAGE',
        `Expected names for ${list.labels.length} categories of ${annotations} but received ${labels.length}`,
      );
    }
    const items = records.annotations.map(({ image_id: imageId, file_name: map, segments_info: segments }): SegmentItem => {
      const key = keyOf(stemOf(records.pictures.get(imageId) ?? map), places, places.suffix);
      const other = keyOf(stemOf(map), places, suffix);
      const name = pictures.get(key) ?? pictures.get(other);
      const semantic = maps?.has(key) === true ? semanticOf(key) : maps?.has(other) === true ? semanticOf(other) : undefined;
      if (name === undefined) throw unpaired(`picture of ${map}`, places.images, annotations);
      if (maps && semantic === undefined) throw unpaired(`label map of ${name}`, places.semantic.folder, annotations);
      return { name, picture: join(places.images, name), panoptic: { imageId, map: join(folder, map), segments }, semantic };
    });
    return { labels, things, items: checked(items, annotations).slice(0, limit), categories: list.categories, values, places };
  }
  const { labels, things = labels.map(() => true) } = classes ?? (await readClassList(places.set!));
  const folder = places.semantic!.folder;
  const wanted = places.list === undefined ? undefined : new Set((await readFile(places.list, 'utf8')).split(/\s+/u));
  const items = [...maps!].flatMap(([key, map]): SegmentItem[] => {
    if (wanted && !wanted.has(key)) return [];
    const name = pictures.get(key);
    if (name === undefined) throw unpaired(`picture of ${map}`, places.images, folder);
    return [{ name, picture: join(places.images, name), semantic: join(folder, map) }];
  });
  return { labels, things, items: checked(items, folder).slice(0, limit), values, places };
}

/** Files of a folder by what pairs them. */
async function byKey(
  folder: string,
  endings: readonly string[],
  places: Pick<SegmentPlaces, 'flat'>,
  suffix: string | undefined,
): Promise<Map<string, string>> {
  const files = [...(await filesByStem(folder, endings))].filter(([stem]) => stem.endsWith(suffix ?? ''));
  return new Map(files.map(([stem, file]) => [keyOf(stem, places, suffix), file]));
}

function keyOf(stem: string, { flat }: Pick<SegmentPlaces, 'flat'>, suffix: string | undefined): string {
  const name = flat ? basename(stem) : stem;
  return suffix !== undefined && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}

function stemOf(file: string): string {
  return file.replace(/\.[^./]+$/u, '');
}

function checked(items: readonly SegmentItem[], where: string): readonly SegmentItem[] {
  if (items.length > 0) return items;
  throw new VitaminError('INPUT_UNREADABLE', `Expected pictures with their truth in ${where} but found none`);
}

function unpaired(what: string, folder: string, where: string): VitaminError {
  return new VitaminError('INPUT_NOT_FOUND', `Expected the ${what} in ${folder} as ${where} has it but found none`, {
    hint: 'Picture and truth are paired by their names without the ending. Is the folder of another data set, or another part of it?',
  });
}
