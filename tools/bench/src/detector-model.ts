import { join } from 'node:path';
import { vitaminSizes } from '@vitamin-vlm/backbone';
import {
  cocoNames,
  declaredHeads,
  type DetectionVocabulary,
  type Detector,
  type FVitConfig,
  saveDetector,
} from '@vitamin-vlm/fvit-detection';
import { encodePng } from '@vitamin-vlm/image';
import { writeFileAtomic } from '@vitamin-vlm/core';
import { noise } from './noise.ts';
import { noiseTensors, towerTensors, type WindowModel } from './window-model.ts';

/** Before the first seed of the heads: more than a tower has tensors. */
const HEAD_SEEDS = 10_000;

/**
 * Writes an F-ViT of random weights in the sizes of OV-COCO's, tower included, as mmcv does.
 *
 * @returns its path in `folder`.
 */
export async function writeDetector(folder: string, model: WindowModel): Promise<string> {
  const { widths, embedDim } = vitaminSizes[model.size];
  const [os4, os8, tokens] = widths;
  const classes = cocoNames.slice(0, 65);
  const config: FVitConfig = {
    channels: [os4, os8, tokens, tokens],
    width: 256,
    hidden: embedDim,
    embedDim,
    classes: classes.length,
    rpnNorm: false,
    masks: false,
  };
  const path = join(folder, `fvit-${model.size}.pth`);
  const tower = towerTensors(model).map(([name, value]) => [`backbone.${name}`, value] as const);
  await saveDetector(path, [...tower, ...noiseTensors(declaredHeads(config), HEAD_SEEDS)], { classes, base: classes.slice(0, 48) });
  return path;
}

/** Writes a picture of noise. Returns its path. */
export async function writeNoisePicture(folder: string, width: number, height: number): Promise<string> {
  const path = join(folder, `noise-${width}x${height}.png`);
  const data = Uint8Array.from(noise([height * width * 3], { scale: 255, offset: 127.5 }).data);
  await writeFileAtomic(path, await encodePng({ width, height, data }));
  return path;
}

/** Words of random directions: scores are even, so that nearly every pair of a region and a word counts. */
export function noiseVocabulary({ model }: Detector, count: number): DetectionVocabulary {
  const { embedDim } = model.config;
  const embeddings = noise([count + 1, embedDim], { scale: Math.sqrt(12 / embedDim) });
  const labels = Array.from({ length: count }, (_, i) => ({ name: `word ${i}`, synonyms: [`word ${i}`] }));
  return { identity: model.identity, labels, base: labels.map((_, i) => i % 4 > 0), embeddings };
}
