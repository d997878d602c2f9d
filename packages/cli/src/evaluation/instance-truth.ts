import { VitaminError } from '@vitamin-vlm/core';
import type { SegmentData, SegmentItem } from '@vitamin-vlm/fcclip-segmentation';
import { type AnnotationColumns, readAnnotations } from 'coco-eval-js/node';

/** The masks of things that are true, and how pictures and classes are called there. */
export interface InstanceTruth {
  readonly annotations: AnnotationColumns;
  /** The id of a picture as JSON; undefined for one without a record. */
  readonly imageOf: (item: SegmentItem) => string | undefined;
  /** The same as the columns have it. */
  readonly keyOf: (item: SegmentItem) => number | undefined;
  /** The category id of a class as JSON; undefined for stuff. */
  readonly categoryOf: (index: number) => string | undefined;
}

/**
 * Opens the file of instances. Its categories are those of the panoptic file by their ids, or the things in their order, as in ADE20K's file.
 *
 * @throws VitaminError `USAGE` when they are neither; CocoEvalError for a faulty file.
 */
export async function openInstances({ places, things, categories }: SegmentData): Promise<InstanceTruth> {
  const path = places.instances!;
  const annotations = await readAnnotations(path, { iouType: 'segm' });
  const { keys } = annotations;
  const thingClasses = things.flatMap((thing, i) => (thing ? [i] : []));
  const byId = new Map(thingClasses.map((i) => [categories?.[i]?.id ?? i, i]));
  const ordered = annotations.categories.toSorted((a, b) => a.id - b.id);
  const isSame = ordered.every(({ id }) => byId.has(keys.shown(id)));
  if (!isSame && ordered.length !== thingClasses.length) {
    throw new VitaminError(
      'USAGE',
      `Expected the ${thingClasses.length} things of the data set as categories of ${path} but found ${ordered.length}`,
    );
  }
  const idOf = new Map(ordered.map(({ id }, i) => [isSame ? byId.get(keys.shown(id))! : thingClasses[i]!, JSON.stringify(keys.shown(id))]));
  // Ids of pictures differ between the files of some data sets; their names do not.
  const byStem = new Map(annotations.images.map(({ id, file_name: file }) => [stemOf(String(file ?? keys.shown(id))), id]));
  const keyOf = ({ name }: SegmentItem): number | undefined => byStem.get(stemOf(name));
  return {
    annotations,
    keyOf,
    imageOf: (item) => {
      const key = keyOf(item);
      return key === undefined ? undefined : JSON.stringify(keys.shown(key));
    },
    categoryOf: (index) => idOf.get(index),
  };
}

/** The last part of a path without its ending. */
function stemOf(name: string): string {
  return name.replace(/^.*\//u, '').replace(/\.[^.]+$/u, '');
}
