import { VitaminError } from '@vitamin-vlm/core';

/** Width and height in pixels. */
export interface Extents {
  readonly width: number;
  readonly height: number;
}

/** Sizes of an FC-CLIP segmenter, as they follow from the shapes in its checkpoint. */
export interface FcclipConfig {
  /** Channels of the tower's maps at strides 4, 8 and 16. */
  readonly channels: readonly [res2: number, res3: number, res4: number];
  /** Channels of everything behind the tower. */
  readonly width: number;
  readonly heads: number;
  readonly encoderLayers: number;
  /** Width of the feed-forward networks in the pixel decoder. */
  readonly encoderHidden: number;
  readonly decoderLayers: number;
  readonly decoderHidden: number;
  /** Masks that are made of a picture. */
  readonly queries: number;
  /** Dimensions of the joint image-text space. */
  readonly embedDim: number;
  /** The input of the network: its position embedding is learned for this size alone. */
  readonly canvas: Extents;
}

/** Feature levels that attention looks at, and points on each of them. */
export const LEVELS = 3;
export const POINTS = 4;

const PIXEL_DECODER = 'sem_seg_head.pixel_decoder';
const ENCODER = `${PIXEL_DECODER}.transformer.encoder.layers`;
const PREDICTOR = 'sem_seg_head.predictor';
const FFN = `${PREDICTOR}.transformer_ffn_layers`;

/**
 * Reads the sizes of a segmenter off the shapes of its tensors.
 *
 * @param shapes - By the names of the checkpoint.
 * @throws VitaminError `MODEL_UNKNOWN` when the tensors that tell the sizes are missing or have another rank.
 */
export function inferFcclipConfig(shapes: ReadonlyMap<string, { readonly shape: readonly number[] }>): FcclipConfig {
  const shapeOf = (name: string, rank: number): readonly number[] => {
    const shape = shapes.get(name)?.shape;
    if (shape?.length === rank) return shape;
    throw new VitaminError(
      'MODEL_UNKNOWN',
      `Expected an FC-CLIP segmenter, with a tensor ${name} of ${rank} axes, but found ${shape ? `[${shape.join(', ')}]` : 'none'}`,
      { hint: 'Segmenters on ConvNeXt and ResNet towers, which have no global_pos_embed, cannot be read yet.' },
    );
  };
  const layersAt = (prefix: string): number => {
    let count = 0;
    while (shapes.has(`${prefix}.${count}.linear1.weight`)) count++;
    return count;
  };
  const [, res2, rows, columns] = shapeOf('global_pos_embed.res2', 4) as [number, number, number, number];
  const [, res3] = shapeOf('global_pos_embed.res3', 4) as [number, number];
  const [, res4] = shapeOf('global_pos_embed.res4', 4) as [number, number];
  const [queries, width] = shapeOf(`${PREDICTOR}.query_feat.weight`, 2) as [number, number];
  return {
    channels: [res2, res3, res4],
    width,
    heads: shapeOf(`${ENCODER}.0.self_attn.attention_weights.bias`, 1)[0]! / (LEVELS * POINTS),
    encoderLayers: layersAt(ENCODER),
    encoderHidden: shapeOf(`${ENCODER}.0.linear1.bias`, 1)[0]!,
    decoderLayers: layersAt(FFN),
    decoderHidden: shapeOf(`${FFN}.0.linear1.bias`, 1)[0]!,
    queries,
    embedDim: shapeOf('void_embedding.weight', 2)[1]!,
    canvas: { width: 4 * columns, height: 4 * rows },
  };
}
