import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VitaminError } from '@vitamin-vlm/core';
import type { LabelValues } from './label-values.ts';
import { type SegmentLayout, segmentLayouts, type SegmentSetName, type SemanticLayout } from './layouts.data.ts';
import { filesByStem, MAP_ENDINGS } from './list-files.ts';

/** Where the parts of a data set lie. At least one of panoptic and semantic truth is there. */
export interface SegmentPlaces {
  /** The list of its classes; absent: those in its panoptic file. */
  readonly set?: SegmentSetName | undefined;
  readonly images: string;
  /** What a picture's name has more than that of its truth, before its ending. */
  readonly suffix?: string | undefined;
  /** Only the last part of a name pairs truth and picture. */
  readonly flat?: boolean | undefined;
  readonly panoptic?: { readonly annotations: string; readonly maps: string; readonly suffix?: string | undefined } | undefined;
  /** Label maps. Absent: what the panoptic maps say. */
  readonly semantic?: { readonly folder: string; readonly values: LabelValues; readonly suffix?: string | undefined } | undefined;
  readonly instances?: string | undefined;
  /** A file with the names of the pictures that count, a line each. */
  readonly list?: string | undefined;
  /** What is not there, as sentences: what cannot be measured, and why. */
  readonly missing: readonly string[];
}

/**
 * Finds the parts of a data set in a root: its own folder, or the one that holds several data sets.
 *
 * @param set - Default: picture-world's layout.
 * @throws VitaminError `INPUT_NOT_FOUND` that lists what was looked for.
 * @example
 * ```ts
 * import { findSegmentSet } from '@vitamin-vlm/fcclip-segmentation';
 * const { images, panoptic, missing } = await findSegmentSet('data', 'ade20k-150');
 * console.log(images, panoptic?.annotations, missing); // data/ADEChallengeData2016/images/validation ...
 * ```
 */
export async function findSegmentSet(root: string, set?: SegmentSetName): Promise<SegmentPlaces> {
  const layouts = segmentLayouts[set ?? 'picture-world'];
  for (const layout of layouts) {
    for (const below of layout.below) {
      const found = await placesBelow(join(root, below), layout);
      if (found) return { set, ...found };
    }
  }
  const wanted = layouts.flatMap(({ images, panoptic, semantic = [], list }) => [
    `${images[0]}/ with ${[...(panoptic?.annotations ?? []), ...semantic.map(describeSemantic), ...(list === undefined ? [] : [list])].join(' or ')}`,
  ]);
  const hint = layouts.find((layout) => layout.hint !== undefined)?.hint;
  const names = [...new Set(layouts.flatMap(({ below }) => below))].map((name) => join(root, name));
  throw new VitaminError(
    'INPUT_NOT_FOUND',
    `Expected ${set ?? 'a data set of picture-world'} in ${names.join(', ')} but found none: ${wanted.join('; or ')}`,
    { hint: hint ?? 'Name another root, or the parts: --images DIR with --annotations FILE or --maps DIR.' },
  );
}

async function placesBelow(root: string, layout: SegmentLayout): Promise<Omit<SegmentPlaces, 'set'> | undefined> {
  const { suffix, flat, instances = [], list } = layout;
  const images = await firstThere(root, layout.images, 'folder');
  if (images === undefined || (list !== undefined && (await firstThere(root, [list], 'file')) === undefined)) return undefined;
  const missing: string[] = [];
  const panoptic = await panopticBelow(root, layout.panoptic, missing);
  const semantic = await firstSemantic(root, layout.semantic ?? []);
  if (!panoptic && !semantic) return undefined;
  if (layout.semantic && !semantic) {
    const wanted = layout.semantic.map((one) => join(root, describeSemantic(one)));
    missing.push(`mIoU by the panoptic maps: ${wanted.join(' and ')} are not there.`);
  }
  const masks = await firstThere(root, instances, 'file');
  if (masks === undefined && instances[0] !== undefined) missing.push(`No AP: ${join(root, instances[0])} is not there.`);
  return { images, suffix, flat, panoptic, semantic, instances: masks, list: list && join(root, list), missing };
}

async function panopticBelow(root: string, layout: SegmentLayout['panoptic'], missing: string[]): Promise<SegmentPlaces['panoptic']> {
  if (!layout) return undefined;
  const annotations = await firstThere(root, layout.annotations, 'file');
  const maps = await firstThere(root, layout.maps, 'folder');
  if (annotations !== undefined && maps !== undefined) return { annotations, maps, suffix: layout.suffix };
  missing.push(`No PQ: ${join(root, annotations === undefined ? layout.annotations[0]! : layout.maps[0]!)} is not there.`);
  return undefined;
}

async function firstThere(root: string, names: readonly string[], kind: 'file' | 'folder'): Promise<string | undefined> {
  for (const name of names) {
    const info = await stat(join(root, name)).catch(() => undefined);
    if (kind === 'file' ? info?.isFile() : info?.isDirectory()) return join(root, name);
  }
  return undefined;
}

/** The first folder that holds label maps of its kind. */
async function firstSemantic(root: string, layouts: readonly SemanticLayout[]): Promise<SegmentPlaces['semantic']> {
  for (const { folder, values, suffix } of layouts) {
    const path = await firstThere(root, [folder], 'folder');
    if (path === undefined) continue;
    const files = await filesByStem(path, MAP_ENDINGS);
    if ([...files.keys()].some((stem) => stem.endsWith(suffix ?? ''))) return { folder: path, values, suffix };
  }
  return undefined;
}

function describeSemantic({ folder, suffix }: SemanticLayout): string {
  return `${folder}/${suffix === undefined ? '' : `**/*${suffix}.png`}`;
}
