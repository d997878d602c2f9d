import { type Backbone, normalizeRows, promptSets, retrievalRecall } from '@vitamin-vlm/backbone';
import { countSemanticImage, semanticConfusion, semanticMetrics } from 'coco-eval-js';
import { tensor, type Tensor, type WorkOptions } from '@vitamin-vlm/core';
import { type Picture, toTensor } from '@vitamin-vlm/image';
import { baseKinds, kinds, novelKinds, renderScene, renderSingle, type Scene, type Split, stuffKinds } from '@vitamin-vlm/picture-world';

/** Pictures come from `split`, seeds from `firstSeed` on. The reported figures use the split `val`, which no training step sees. */
export interface EvaluationOptions extends WorkOptions {
  readonly split: Split;
  readonly firstSeed: number;
  /** Single things of each kind for zero-shot classification. */
  readonly perKind: number;
  /** Sets of 100 scenes for retrieval. */
  readonly retrievalSets: number;
  /** Scenes for segmentation. */
  readonly segmentationScenes: number;
}

/** Shares from 0 to 1. */
export interface Evaluation {
  readonly zeroShot: {
    readonly all: number;
    readonly base: number;
    readonly novel: number;
    readonly pictures: number;
    readonly worst: readonly KindAccuracy[];
  };
  /** Mean over sets of 100 scenes with one caption each. */
  readonly retrieval: { readonly imageOfText: number; readonly textOfImage: number; readonly sets: number };
  /** Mean intersection over union of training-free segmentation over all kinds of things and stuff. */
  readonly segmentation: {
    readonly mIoU: number;
    readonly pixelAccuracy: number;
    readonly things: number;
    readonly stuff: number;
    readonly scenes: number;
  };
}

export interface KindAccuracy {
  readonly kind: string;
  readonly accuracy: number;
}

/** All figures of the model card. */
export async function evaluate(backbone: Backbone, options: EvaluationOptions): Promise<Evaluation> {
  return {
    zeroShot: await zeroShot(backbone, options),
    retrieval: await retrieval(backbone, options),
    segmentation: await segmentation(backbone, options),
  };
}

/** Top-1 over the names of all kinds. */
async function zeroShot(backbone: Backbone, { split, firstSeed, perKind, signal }: EvaluationOptions): Promise<Evaluation['zeroShot']> {
  const names = kinds.map((kind) => kind.name);
  const vocabulary = await backbone.vocabulary(names, { prompts: promptSets.simple, cacheDir: false });
  const correct = new Map<string, number>();
  for (const [k, name] of names.entries()) {
    const pictures = Array.from(
      { length: perKind },
      (_, i) => renderSingle(firstSeed + k * perKind + i, name, { width: backbone.imageSize, split }).picture,
    );
    const images = normalizeRows(await embed(backbone, pictures, signal));
    let hits = 0;
    for (let i = 0; i < perKind; i++) if (nearest(images, i, vocabulary.embeddings) === k) hits++;
    correct.set(name, hits);
  }
  const accuracyOf = (some: readonly string[]): number => some.reduce((sum, name) => sum + correct.get(name)!, 0) / (some.length * perKind);
  const perName = names.map((kind) => ({ kind, accuracy: correct.get(kind)! / perKind })).toSorted((a, b) => a.accuracy - b.accuracy);
  return {
    all: accuracyOf(names),
    base: accuracyOf(baseKinds),
    novel: accuracyOf(novelKinds),
    pictures: names.length * perKind,
    worst: perName.slice(0, 5),
  };
}

/** Recall at 1 among 100 scenes and their most complete captions. */
async function retrieval(
  backbone: Backbone,
  { split, firstSeed, retrievalSets, signal }: EvaluationOptions,
): Promise<Evaluation['retrieval']> {
  let imageOfText = 0;
  let textOfImage = 0;
  for (let set = 0; set < retrievalSets; set++) {
    const scenes = Array.from({ length: 100 }, (_, i) => renderScene(firstSeed + set * 100 + i, { width: backbone.imageSize, split }));
    const images = await embed(
      backbone,
      scenes.map((scene) => scene.picture),
      signal,
    );
    const texts = await backbone.embedTexts(
      scenes.map((scene) => scene.captions[0]!),
      { signal },
    );
    const recall = await retrievalRecall(
      images,
      texts,
      scenes.map((_, i) => i),
    );
    imageOfText += recall.imageRetrieval[1]! / retrievalSets;
    textOfImage += recall.textRetrieval[1]! / retrievalSets;
  }
  return { imageOfText, textOfImage, sets: retrievalSets };
}

/** Every pixel of scenes of twice the model's size named by the dense map, in windows of the model's size. */
async function segmentation(backbone: Backbone, options: EvaluationOptions): Promise<Evaluation['segmentation']> {
  const { split, firstSeed, segmentationScenes, signal } = options;
  const names = [...kinds.map((kind) => kind.name), ...stuffKinds];
  const vocabulary = await backbone.vocabulary(names, { prompts: promptSets.simple, cacheDir: false });
  const confusion = semanticConfusion(names.length);
  for (let i = 0; i < segmentationScenes; i++) {
    const scene = renderScene(firstSeed + i, { width: 2 * backbone.imageSize, split });
    const found = await backbone.segment(scene.picture, vocabulary, { size: scene.picture.width, signal });
    countSemanticImage(confusion, found.data, classIndexes(scene, names));
  }
  const { mIoU, pACC, iou } = semanticMetrics(confusion);
  return {
    mIoU: mIoU ?? 0,
    pixelAccuracy: pACC ?? 0,
    things: mean(iou.slice(0, kinds.length)) ?? 0,
    stuff: mean(iou.slice(kinds.length)) ?? 0,
    scenes: segmentationScenes,
  };
}

function mean(values: readonly (number | null)[]): number {
  const known = values.filter((value) => value !== null);
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** Index into `names` of the category at each pixel. */
function classIndexes({ semantic, things, stuff }: Scene, names: readonly string[]): Uint8Array {
  const index = new Uint8Array(256);
  for (const { categoryId, category } of things) index[categoryId] = names.indexOf(category);
  for (const { categoryId, name } of stuff) index[categoryId] = names.indexOf(name === 'dry grass' ? 'grass' : name);
  return semantic.map((id) => index[id]!);
}

/** Embeddings of pictures of the model's own size: [N, E]. */
async function embed(backbone: Backbone, pictures: readonly Picture[], signal: AbortSignal | undefined): Promise<Tensor<'float32'>> {
  const side = backbone.imageSize;
  const pixels = tensor('float32', [pictures.length, 3, side, side]);
  pictures.forEach((picture, i) => toTensor(picture, { into: { data: pixels.data, offset: i * 3 * side * side } }));
  return backbone.embedPixels(pixels, { batch: 16, signal });
}

/** Row of `classes` most similar to row `i` of `images`; all rows have unit length. */
function nearest(images: Tensor<'float32'>, i: number, classes: Tensor<'float32'>): number {
  const width = images.shape[1]!;
  let best = 0;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < classes.shape[0]!; k++) {
    let score = 0;
    for (let e = 0; e < width; e++) score += images.data[i * width + e]! * classes.data[k * width + e]!;
    if (score > bestScore) [best, bestScore] = [k, score];
  }
  return best;
}
