import { dirname, relative } from 'node:path';
import { makeFolder, VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { geoJson, labelMe, panopticPng, type Segmented, semanticPng, type Shape, shapesOf } from '@vitamin-vlm/fcclip-segmentation';
import { drawOverlay, encodePng, type Overlay, type Picture } from '@vitamin-vlm/image';
import type { FileWriter } from '../file-writer.ts';
import { stemOf } from '../picture-source.ts';

/** Where the files of a picture went. `overlay` is absent when there was no picture to draw on, the others when the task did not ask for them. */
export interface SegmentFiles {
  readonly json: string;
  readonly overlay?: string;
  readonly panoptic?: string;
  readonly semantic?: string;
  readonly geojson?: string;
  readonly labelme?: string;
}

/** Outlines for other programs. The last two are documents of all pictures. */
export const shapeFormats = ['geojson', 'labelme', 'label-studio', 'cvat'] as const;
export type ShapeFormat = (typeof shapeFormats)[number];

/** What is written of a picture. */
export interface CutPicture {
  readonly file: string;
  readonly picture: Picture | undefined;
  readonly found: Segmented;
  /** Instances with a lower score are not drawn. */
  readonly least: number;
  readonly document: object;
  readonly formats: readonly ShapeFormat[];
}

const endings: Readonly<Record<keyof SegmentFiles, string>> = {
  json: '.json',
  overlay: '.overlay.png',
  panoptic: 'panoptic/.png',
  semantic: 'semantic/.png',
  geojson: 'geojson/.geojson',
  labelme: 'labelme/.json',
};

/**
 * Writes `STEM.json`, `STEM.overlay.png`, `panoptic/STEM.png` and `semantic/STEM.png` for a picture, and on request `geojson/STEM.geojson` and `labelme/STEM.json`. The
 * document gets the paths.
 */
export async function writeSegmentFiles(
  writer: FileWriter,
  { file, picture, found, least, document, formats }: CutPicture,
): Promise<{ files: SegmentFiles; shapes: Shape[] }> {
  const kinds = (Object.keys(endings) as (keyof SegmentFiles)[]).filter((kind) => {
    if (kind === 'json') return true;
    if (kind === 'overlay') return picture !== undefined;
    return kind === 'geojson' || kind === 'labelme' ? formats.includes(kind) : found[kind] !== undefined;
  });
  const paths = await writer.paths(
    stemOf(file),
    kinds.map((kind) => endings[kind]),
  );
  const files = Object.fromEntries(kinds.map((kind, i) => [kind, paths[i]!])) as unknown as SegmentFiles;
  for (const path of paths) await makeFolder(dirname(path));
  if (files.panoptic !== undefined) await writeFileAtomic(files.panoptic, await panopticPng(found.panoptic!));
  if (files.semantic !== undefined) await writeFileAtomic(files.semantic, (await semanticPng(found.semantic!, found.labels.length)).png);
  if (files.overlay !== undefined) {
    const labels = found.labels.map(({ name }) => name);
    await writeFileAtomic(files.overlay, await encodePng(drawOverlay(picture!, layerOf(shownOf(found, least)), { labels })));
  }
  const shapes = formats.length > 0 ? shapesOf(shownOf(found, least)) : [];
  if (files.geojson !== undefined) await writeFileAtomic(files.geojson, `${JSON.stringify(geoJson(shapes))}\n`);
  if (files.labelme !== undefined) {
    const { width, height } = found;
    const shown = relative(dirname(files.labelme), file);
    await writeFileAtomic(files.labelme, `${JSON.stringify(labelMe(shapes, { file: shown, width, height }), null, 2)}\n`);
  }
  await writeFileAtomic(files.json, `${JSON.stringify({ ...document, files }, null, 2)}\n`);
  return { files, shapes };
}

/** What is found, without instances that are not told either. */
function shownOf(found: Segmented, least: number): Segmented {
  return found.instances ? { ...found, instances: found.instances.filter(({ score }) => score >= least) } : found;
}

/** What is drawn: one layer, the one that says most. */
function layerOf({ panoptic, semantic, instances }: Segmented): Overlay {
  if (panoptic) return { panoptic };
  if (semantic) return { labelMap: semantic };
  return { instances };
}

/** The formats that --format names. @throws VitaminError `USAGE` for an unknown one, and without -o. */
export function checkedFormats(names: readonly string[], writer: FileWriter | undefined): ShapeFormat[] {
  const unknown = names.find((name) => !(shapeFormats as readonly string[]).includes(name));
  if (unknown !== undefined) throw new VitaminError('USAGE', `Expected --format ${shapeFormats.join(', ')} but received ${unknown}`);
  if (names.length > 0 && !writer) throw new VitaminError('USAGE', 'Expected -o DIR for the files of --format but received none');
  return shapeFormats.filter((name) => names.includes(name));
}
