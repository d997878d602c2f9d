import { type Tensor, tensor } from '@vitamin-vlm/core';
import type { ClipTokenizer } from '@vitamin-vlm/backbone';
import { captionLength } from './contrastive.ts';
import { gridSize, imageSize } from './nano-config.ts';

/** Pictures with one caption and one named region each, as the sampler makes them. Plain data that can be posted between threads. */
export interface Samples {
  /** uint8 RGB [B, S, S, 3]. */
  readonly pixels: Uint8Array;
  readonly captions: readonly string[];
  /** [B, T]: what share of the region lies in each token's cell; rows sum to 1. */
  readonly regions: Float32Array;
  /** Name of each region, in a sentence or alone. */
  readonly names: readonly string[];
}

/** Feeds of the contrastive loss for a batch of samples. */
export function contrastiveFeeds({ pixels, captions, regions, names }: Samples, tokenizer: ClipTokenizer): Record<string, Tensor> {
  const batch = captions.length;
  const { ids, eot } = tokenizer.tokenize([...captions, ...names], { contextLength: captionLength });
  return {
    pixels: tensor('uint8', [batch, imageSize, imageSize, 3], pixels),
    regions: tensor('float32', [batch, 1, gridSize * gridSize], regions),
    ids,
    ends: tensor(
      'int32',
      [2 * batch],
      eot.map((end, n) => n * captionLength + end),
    ),
    captionTargets: matches(captions),
    nameTargets: matches(names),
  };
}

/** [B, B]: 1 / m where two samples carry the same text, m of which are in the batch; 0 elsewhere. Rows sum to 1. */
function matches(texts: readonly string[]): Tensor<'float32'> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const targets = tensor('float32', [texts.length, texts.length]);
  texts.forEach((a, row) => {
    texts.forEach((b, column) => {
      if (a === b) targets.data[row * texts.length + column] = 1 / counts.get(a)!;
    });
  });
  return targets;
}
