import { mkdir } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { writeFileAtomic } from '@vitamin-vlm/core';
import { panopticPng, type Segmented, semanticPng } from '@vitamin-vlm/fcclip-segmentation';
import { drawOverlay, encodePng, type Overlay, type Picture } from '@vitamin-vlm/image';
import type { FileWriter } from '../file-writer.ts';

/** Where the files of a picture went. `overlay` is absent when there was no picture to draw on, the others when the task did not ask for them. */
export interface SegmentFiles {
  readonly json: string;
  readonly overlay?: string;
  readonly panoptic?: string;
  readonly semantic?: string;
}

/** What is written of a picture. */
export interface CutPicture {
  readonly file: string;
  readonly picture: Picture | undefined;
  readonly found: Segmented;
  /** Instances with a lower score are not drawn. */
  readonly least: number;
  readonly document: object;
}

const endings: Readonly<Record<keyof SegmentFiles, string>> = {
  json: '.json',
  overlay: '.overlay.png',
  panoptic: 'panoptic/.png',
  semantic: 'semantic/.png',
};

/** Writes `STEM.json`, `STEM.overlay.png`, `panoptic/STEM.png` and `semantic/STEM.png` for a picture. The document gets the paths. */
export async function writeSegmentFiles(writer: FileWriter, { file, picture, found, least, document }: CutPicture): Promise<SegmentFiles> {
  const kinds = (['json', 'overlay', 'panoptic', 'semantic'] as const).filter((kind) => {
    return kind === 'json' || (kind === 'overlay' ? picture !== undefined : found[kind] !== undefined);
  });
  const paths = await writer.paths(
    basename(file, extname(file)),
    kinds.map((kind) => endings[kind]),
  );
  const files = Object.fromEntries(kinds.map((kind, i) => [kind, paths[i]!])) as unknown as SegmentFiles;
  for (const path of paths) await mkdir(dirname(path), { recursive: true });
  if (files.panoptic !== undefined) await writeFileAtomic(files.panoptic, await panopticPng(found.panoptic!));
  if (files.semantic !== undefined) await writeFileAtomic(files.semantic, (await semanticPng(found.semantic!, found.labels.length)).png);
  if (files.overlay !== undefined) {
    const labels = found.labels.map(({ name }) => name);
    await writeFileAtomic(files.overlay, await encodePng(drawOverlay(picture!, layerOf(found, least), { labels })));
  }
  await writeFileAtomic(files.json, `${JSON.stringify({ ...document, files }, null, 2)}\n`);
  return files;
}

/** What is drawn: one layer, the one that says most. */
function layerOf({ panoptic, semantic, instances }: Segmented, least: number): Overlay {
  if (panoptic) return { panoptic };
  if (semantic) return { labelMap: semantic };
  return { instances: instances!.filter(({ score }) => score >= least) };
}
