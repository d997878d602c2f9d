// The pixel decoder of Mask2Former (Cheng et al., CVPR 2022, arXiv:2112.01527): deformable attention over three levels, then one step of a feature pyramid.
// Parameter paths are those of the FC-CLIP checkpoint, below `sem_seg_head.pixel_decoder`. Levels go from coarse to fine: res5, res4, res3.
import {
  add,
  concat,
  conv2d,
  groupNorm,
  layerNorm,
  linear,
  type Params,
  relu,
  reshape,
  resize,
  slice,
  split,
  transpose,
  type Value,
} from '@vitamin-vlm/graph';
import { type FcclipConfig, LEVELS } from './config.ts';
import { type DeformableValues, deformableAttention } from './deformable-attention.ts';
import { type Cells, sineEncoding } from './sine-encoding.ts';

const GROUPS = 32;
/** PyTorch's default. */
export const EPS = 1e-5;

/** The tower's maps, stitched over the canvas: [N, C, H/stride, W/stride] at strides 4, 8, 16 and 32. */
export interface TowerMaps {
  readonly res2: Value;
  readonly res3: Value;
  readonly res4: Value;
  readonly res5: Value;
}

/** A transformer layer of the pixel decoder, opened up. */
export interface EncoderLayerValues {
  /** [N, C, T], with positions and without. */
  readonly query: Value;
  readonly source: Value;
  readonly attention: DeformableValues;
  /** [N, T, C] */
  readonly output: Value;
}

/** Results of the pixel decoder. */
export interface PixelDecoderValues {
  /** [N, C, h, w] each: res5, res4, res3. */
  readonly projected: readonly Value[];
  /** [1, h·w, C] each. */
  readonly positions: readonly Value[];
  readonly layers: readonly EncoderLayerValues[];
  /** [N, C, h, w] each: what the mask decoder looks at. */
  readonly memories: readonly Value[];
  /** res2 in the width of the others, before and after the finest memory was added. */
  readonly lateral: Value;
  readonly fine: Value;
  /** [N, C, H/4, W/4]: a mask is where a query's vector points the same way. */
  readonly maskFeatures: Value;
}

/** Every second cell of a map, the upper left of four: res5 of a ViTamin, which stops at stride 16. */
export function everySecondCell(map: Value): Value {
  return slice(slice(map, { axis: 2, start: 0, step: 2 }), { axis: 3, start: 0, step: 2 });
}

/** From the tower's maps to features of masks. `root` is the root of the checkpoint. */
export function pixelDecoder(root: Params, maps: TowerMaps, config: FcclipConfig): PixelDecoderValues {
  const { width } = config;
  const p = root.at('sem_seg_head').at('pixel_decoder');
  const positions = config.positions === false ? undefined : root.at('global_pos_embed');
  const names = ['res5', 'res4', 'res3'] as const;
  const projected = names.map((name, i) => projectLevel(p.at('input_proj').at(i), maps[name], positions, name, width));
  const sizes = projected.map(({ shape }): Cells => [shape[2] as number, shape[3] as number]);
  const waves = sizes.map((size) => maps.res2.graph.constant(sineEncoding(size, width)));
  const levelEmbed = p.at('transformer').get('level_embed', [LEVELS, width]);
  const embedded = waves.map((wave, i) => add(wave, slice(levelEmbed, { axis: 0, start: i, end: i + 1 }))); // [1, h·w, C]
  const where = transpose(concat(embedded, 1), [0, 2, 1]); // [1, C, T]
  let x = concat(
    projected.map((map) => asTokens(map)),
    1,
  ); // [N, T, C]
  const layers: EncoderLayerValues[] = [];
  for (let i = 0; i < config.encoderLayers; i++) {
    layers.push(encoderLayer(p.at('transformer').at('encoder').at('layers').at(i), x, where, sizes, config));
    x = layers.at(-1)!.output;
  }
  const parts = split(
    x,
    sizes.map(([h, w]) => h * w),
    1,
  );
  const memories = parts.map((part, i) => reshape(transpose(part, [0, 2, 1]), projected[i]!.shape));

  const res2 = positions ? add(maps.res2, positions.get('res2', [1, ...(maps.res2.shape.slice(1) as number[])])) : maps.res2;
  const lateral = groupNorm(p.at('adapter_1').at('norm'), conv2d(p.at('adapter_1'), res2, width, { kernel: 1, bias: false }), GROUPS, EPS);
  const enlarged = resize(memories.at(-1)!, [lateral.shape[2]!, lateral.shape[3]!], 'bilinear');
  const convolved = conv2d(p.at('layer_1'), add(lateral, enlarged), width, { kernel: 3, bias: false });
  const fine = relu(groupNorm(p.at('layer_1').at('norm'), convolved, GROUPS, EPS));
  return {
    projected,
    positions: waves,
    layers,
    memories,
    lateral,
    fine,
    maskFeatures: conv2d(p.at('mask_features'), fine, width, { kernel: 1 }),
  };
}

/**
 * A 1×1 convolution of map + position embedding and a group norm. The convolution of the embedding stands apart: it is a constant when nothing is
 * trained, narrower than the embedding, and the runtime computes it once.
 */
function projectLevel(p: Params, map: Value, positions: Params | undefined, name: string, width: number): Value {
  const [, channels, height, columns] = map.shape as [number, number, number, number];
  const seen = conv2d(p.at(0), map, width, { kernel: 1 });
  if (!positions) return groupNorm(p.at(1), seen, GROUPS, EPS);
  const learned = positions.get(name, [1, channels, height, columns]);
  return groupNorm(p.at(1), add(seen, conv2d(p.at(0), learned, width, { kernel: 1, bias: false })), GROUPS, EPS);
}

/** Deformable attention, then a feed-forward network, each added to x [N, T, C] and normalized. */
function encoderLayer(
  p: Params,
  x: Value,
  where: Value,
  maps: readonly Cells[],
  { heads, encoderHidden }: FcclipConfig,
): EncoderLayerValues {
  const width = x.shape[2] as number;
  const source = transpose(x, [0, 2, 1]);
  const query = add(source, where);
  const attention = deformableAttention(p.at('self_attn'), query, source, maps, heads);
  const y = layerNorm(p.at('norm1'), add(x, attention.output), EPS);
  const hidden = relu(linear(p.at('linear1'), y, encoderHidden));
  return { query, source, attention, output: layerNorm(p.at('norm2'), add(y, linear(p.at('linear2'), hidden, width)), EPS) };
}

/** [N, C, h, w] -> [N, h·w, C] */
export function asTokens(map: Value): Value {
  const [n, channels, height, width] = map.shape as [number, number, number, number];
  return transpose(reshape(map, [n, channels, height * width]), [0, 2, 1]);
}
