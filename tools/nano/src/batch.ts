import { type Tensor, tensor } from '@vitamin-vlm/core';
import type { ClipTokenizer } from '@vitamin-vlm/backbone';
import { captionLength } from './contrastive.ts';
import { imageSize } from './nano-config.ts';

/** Pictures and one caption each, as the sampler makes them. Plain data that can be posted between threads. */
export interface Samples {
  /** uint8 RGB [B, S, S, 3]. */
  readonly pixels: Uint8Array;
  readonly captions: readonly string[];
}

/** Feeds of the contrastive loss for a batch of samples. */
export function contrastiveFeeds(samples: Samples, tokenizer: ClipTokenizer): Record<string, Tensor> {
  const { pixels, captions } = samples;
  const batch = captions.length;
  const { ids, eot } = tokenizer.tokenize(captions, { contextLength: captionLength });
  return {
    pixels: tensor('uint8', [batch, imageSize, imageSize, 3], pixels),
    ids,
    ends: tensor(
      'int32',
      [batch],
      eot.map((end, n) => n * captionLength + end),
    ),
    targets: matches(captions),
  };
}

/** [B, B]: 1 / m where two samples carry the same caption, m of which are in the batch; 0 elsewhere. Rows sum to 1. */
function matches(captions: readonly string[]): Tensor<'float32'> {
  const counts = new Map<string, number>();
  for (const caption of captions) counts.set(caption, (counts.get(caption) ?? 0) + 1);
  const targets = tensor('float32', [captions.length, captions.length]);
  captions.forEach((a, row) => {
    captions.forEach((b, column) => {
      if (a === b) targets.data[row * captions.length + column] = 1 / counts.get(a)!;
    });
  });
  return targets;
}
