import { VitaminError } from '@vitamin-vlm/core';
import { type DetectionData, openDetectionData, withCocoErrors } from '@vitamin-vlm/fvit-detection';
import type { Outcome } from '@vitamin-vlm/runs';
import type { CategorySplit } from 'coco-eval-js';
import { evaluateFile, evaluateSplitFile } from 'coco-eval-js/node';
import { join } from 'node:path';
import { writeParts } from '../file-writer.ts';
import { table } from '../text.ts';
import type { Places, Scorer, Scores, Settings } from './evaluation.ts';
import { fileDigest } from './file-digest.ts';

/** What was found in one picture, as small as JSON can hold it. */
export interface PictureResult {
  readonly width: number;
  readonly height: number;
  /** Best first: category as the columns of the annotations have it, score, box, and the mask's run lengths as COCO writes them. */
  readonly found: readonly (readonly [category: number, score: number, x: number, y: number, w: number, h: number, counts?: string])[];
}

/** What the numbers depend on, of all that a run depends on. */
export interface DetectionDataSettings {
  readonly annotations: { readonly sha256: string };
  readonly images: number;
  readonly split: CategorySplit | null;
  readonly iouType: 'bbox' | 'segm';
}

/** The scorer of detections that were made elsewhere. @throws VitaminError `USAGE` when the annotations are not those of the run. */
export async function openDetectionScorer(settings: Settings, places: Places, signal: AbortSignal): Promise<Scorer<PictureResult>> {
  const { annotations, split, iouType, images } = settings['data'] as DetectionDataSettings;
  const path = places['annotations'];
  if (path === undefined) {
    throw new VitaminError('USAGE', 'Expected to know where the annotations are but no shard says so', { hint: 'Add --annotations FILE.' });
  }
  if ((await fileDigest(path)) !== annotations.sha256) {
    throw new VitaminError('USAGE', `Expected the annotations that were evaluated but ${path} is another file`, {
      hint: `Add --annotations FILE: the one with SHA-256 ${annotations.sha256}.`,
    });
  }
  const data = await openDetectionData(path, { split: split ?? 'none', iouType, limit: images, signal });
  return detectionScorer(data, places, signal);
}

/** Writes `detections.json` and evaluates it. */
export function detectionScorer(data: DetectionData, places: Places, signal: AbortSignal): Scorer<PictureResult> {
  return {
    places,
    async score(folder, outcomes) {
      const path = join(folder, 'detections.json');
      await writeResults(path, data, outcomes);
      return await withCocoErrors(() => evaluate(path, data, signal));
    },
    report: async (folder) => await (await import('./detection-report.ts')).detectionReport(folder, data, places['annotations']!, signal),
  };
}

/** A COCO results file, an entry a line. */
async function writeResults(
  path: string,
  { images, annotations }: DetectionData,
  outcomes: AsyncIterable<Outcome<PictureResult>>,
): Promise<void> {
  const idOf = (key: number): string => {
    const id = annotations.keys.id(key);
    return typeof id === 'bigint' ? String(id) : JSON.stringify(id); // JSON has no bound for whole numbers
  };
  await writeParts(path, async (sink) => {
    let count = 0;
    for await (const outcome of outcomes) {
      if ('error' in outcome) continue;
      const { width, height, found } = outcome.result;
      const image = idOf(images[outcome.index]!.id);
      let text = '';
      for (const [category, score, x, y, w, h, counts] of found) {
        const mask = counts === undefined ? '' : `,"segmentation":${JSON.stringify({ size: [height, width], counts })}`;
        text += `${count++ === 0 ? '[' : ','}\n{"image_id":${image},"category_id":${idOf(category)},"bbox":[${x},${y},${w},${h}],"score":${score}${mask}}`;
      }
      if (text !== '') await sink(text);
    }
    await sink(count === 0 ? '[]\n' : '\n]\n');
  });
}

async function evaluate(path: string, data: DetectionData, signal: AbortSignal): Promise<Scores> {
  const { annotations, split, images, categories } = data;
  const options = { signal, imgIds: images.map(({ id }) => id) };
  if (!split) {
    const evaluation = await evaluateFile(annotations, path, { ...options, catIds: categories.map(({ id }) => id) });
    return { metrics: counted(evaluation.metrics), text: evaluation.summary.text };
  }
  const { evaluation, groups } = await evaluateSplitFile(annotations, path, split, options);
  const ofGroups = groups.flatMap(({ group, ap50, ap }) => [[`AP50 ${group}`, ap50] as const, [`AP ${group}`, ap] as const]);
  const rows = groups.map(({ group, ap50, ap, counted: classes, categories: all }) => [
    group,
    percent(ap50),
    percent(ap),
    `${classes} of ${all}`,
  ]);
  return {
    metrics: { ...counted(evaluation.metrics), ...Object.fromEntries(ofGroups) },
    text: `${evaluation.summary.text}\n${table([[`split ${split.name}`, 'AP50', 'AP', 'categories'], ...rows], [1, 2, 3])}`,
  };
}

/** COCO's -1 means that there is nothing to count. */
function counted(metrics: Readonly<Record<string, number>>): Record<string, number | null> {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value < 0 ? null : value]));
}

/** As F-ViT prints them. */
function percent(value: number | null): string {
  return value === null ? '-' : (100 * value).toFixed(2);
}
