import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import { randomStream } from '@vitamin-vlm/training';
import { declaredHeads } from '../load/open-segmenter.ts';
import { type FcclipConfig, LEVELS, POINTS } from '../models/config.ts';

/** The factor on cosines at the start, as CLIP's own training has it. */
const SCALE = 1 / 0.07;

/** Fills a tensor; biases are given the shape of their weight. */
type Fill = (data: Float32Array, shape: readonly number[], random: () => number, config: FcclipConfig) => void;

const zeros: Fill = () => undefined;
const unit: Fill = (data, _, random) => fillWith(data, () => normal(random));
const glorot: Fill = (data, shape, random) => fillWith(data, uniform(Math.sqrt(6 / (fanIn(shape) + fanOut(shape))), random)); // Glorot and Bengio, AISTATS 2010
const kaiming: Fill = (data, shape, random) => fillWith(data, uniform(Math.sqrt(3 / fanIn(shape)), random)); // Detectron2's c2_xavier_fill
const torch: Fill = (data, shape, random) => fillWith(data, uniform(1 / Math.sqrt(fanIn(shape)), random)); // PyTorch's own

/** First match wins; what matches none is the weight or bias of a norm. */
const FILLS: readonly (readonly [RegExp, Fill])[] = [
  [/\.logit_scale$/u, (data) => data.fill(Math.log(SCALE))],
  [/^global_pos_embed\.|\.query_(?:feat|embed)\.weight$|level_embed(?:\.weight)?$|^void_embedding\./u, unit],
  [/\.sampling_offsets\.bias$/u, (data, _, __, { heads }) => fillDirections(data, heads)],
  [/\.(?:sampling_offsets|attention_weights)\./u, zeros],
  [/\.(?:value_proj|output_proj|out_proj)\.bias$|\.in_proj_bias$|\.input_proj\.\d\.0\.bias$|\.mask_features\.bias$/u, zeros],
  [/\.(?:value_proj|output_proj|out_proj|linear1|linear2)\.weight$|\.in_proj_weight$|\.input_proj\.\d\.0\.weight$/u, glorot],
  [/\.(?:adapter_1|layer_1|mask_features)\.weight$/u, kaiming],
  [/\.linear[12]\.bias$|_embed\.layers\.\d\.|\._mask_pooling_proj\.1\./u, torch],
];

/**
 * Fresh decoders, learned positions and "nothing", drawn as the original draws them: every tensor of the checkpoint but the CLIP model's.
 *
 * @example
 * ```ts
 * import { type FcclipConfig, initializeSegmenter } from '@vitamin-vlm/fcclip-segmentation';
 * import type { Tensor } from '@vitamin-vlm/core';
 * const fresh = (config: FcclipConfig): Map<string, Tensor> => initializeSegmenter(config, 0);
 * ```
 */
export function initializeSegmenter(config: FcclipConfig, seed: number): Map<string, Tensor<'float32'>> {
  const shapes = declaredHeads(config);
  const random = randomStream(seed, 0);
  return new Map(
    [...shapes].map(([path, shape]) => {
      const data = new Float32Array(sizeOf(shape));
      const fill = FILLS.find(([names]) => names.test(path))?.[1];
      const weight = path.endsWith('.bias') ? (shapes.get(path.replace(/bias$/u, 'weight')) ?? shape) : shape;
      if (fill) fill(data, weight, random, config);
      else data.fill(path.endsWith('.weight') ? 1 : 0);
      return [path, tensor('float32', shape, data)];
    }),
  );
}

/** The points of each head start in a row that leads away from the query, one direction for each head, the same on all levels: 1 to 4 cells. */
function fillDirections(data: Float32Array, heads: number): void {
  for (let head = 0; head < heads; head++) {
    const angle = (2 * Math.PI * head) / heads;
    const longest = Math.max(Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle)));
    for (let i = 0; i < LEVELS * POINTS; i++) {
      const at = 2 * (head * LEVELS * POINTS + i);
      const distance = (i % POINTS) + 1;
      data[at] = (Math.cos(angle) / longest) * distance;
      data[at + 1] = (Math.sin(angle) / longest) * distance;
    }
  }
}

function fillWith(data: Float32Array, draw: () => number): void {
  for (let i = 0; i < data.length; i++) data[i] = draw();
}

function fanIn(shape: readonly number[]): number {
  return sizeOf(shape.slice(1));
}

function fanOut([outputs = 1, , ...window]: readonly number[]): number {
  return outputs * sizeOf(window);
}

function uniform(limit: number, random: () => number): () => number {
  return () => limit * (2 * random() - 1);
}

/** A standard normal number (Box and Muller). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
