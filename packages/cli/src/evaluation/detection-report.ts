import { VitaminError } from '@vitamin-vlm/core';
import type { DetectionData } from '@vitamin-vlm/fvit-detection';
import type { CategorySplit } from 'coco-eval-js';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCocoEval } from '../work/run-coco-eval.ts';

/** Draws the report page of coco-eval for the detections in a folder. Returns its path. @throws VitaminError `RUNTIME` when it cannot. */
export async function detectionReport(folder: string, data: DetectionData, annotations: string, signal: AbortSignal): Promise<string> {
  const lists = await mkdtemp(join(tmpdir(), 'vitamin-eval-'));
  try {
    const { split, images, isLvis } = data;
    const { keys, options } = data.annotations;
    const ids = join(lists, 'images.txt');
    await writeFile(ids, images.map(({ id }) => keys.shown(id)).join(','));
    const args = [annotations, join(folder, 'detections.json'), '--iou-type', options.iouType, '--img-ids', `@${ids}`];
    if (isLvis) args.push('--lvis');
    if (split) args.push('--split', await splitArgument(lists, data, split));
    const status = await runCocoEval([...args, '--report', folder, '--force', '-q'], signal, 'ignore');
    if (status !== 0) throw new VitaminError('RUNTIME', `Expected coco-eval to draw the report but it ended with status ${status}`);
    return join(folder, 'detections.html');
  } finally {
    await rm(lists, { recursive: true, force: true });
  }
}

async function splitArgument(folder: string, { annotations }: DetectionData, { name, groups }: CategorySplit): Promise<string> {
  if (name === 'ov-coco' || name === 'ov-lvis') return name;
  const path = join(folder, `${name}.json`);
  const ids = Object.entries(groups).map(([group, list]) => [group, list.map((id) => annotations.keys.shown(Number(id)))] as const);
  await writeFile(path, JSON.stringify(Object.fromEntries(ids)));
  return path;
}
