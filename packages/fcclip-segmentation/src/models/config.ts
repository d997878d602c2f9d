import { VitaminError } from '@vitamin-vlm/core';

/** Width and height in pixels. */
export interface Extents {
  readonly width: number;
  readonly height: number;
}

/** Sizes of an FC-CLIP segmenter, as they follow from the shapes in its checkpoint. */
export interface FcclipSizes {
  /** Channels of the tower's maps at strides 4, 8 and 16, and at 32 where the tower goes on so far: ConvNeXt does, ViTamin does not. */
  readonly channels: readonly [res2: number, res3: number, res4: number, res5?: number];
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
  /** The input of the network, where a position embedding was learned for it. Absent: pictures are read at any size. */
  readonly canvas?: Extents;
  /** `false` where nothing was learned for places of the canvas. */
  readonly positions?: false;
}

/** The same for one canvas, in pixels. Without learned positions its sides are multiples of 32. */
export interface FcclipConfig extends FcclipSizes {
  readonly canvas: Extents;
}

/** Names of the tower's levels that a segmenter reads, finest first; the last one is CLIP's dense map too. */
export function towerLevels({ channels }: Pick<FcclipSizes, 'channels'>): readonly string[] {
  return channels[3] === undefined ? ['os4', 'os8', 'final'] : ['res2', 'res3', 'res4', 'res5'];
}

/** Feature levels that attention looks at, and points on each of them. */
export const LEVELS = 3;
export const POINTS = 4;

const POSITIONS = 'global_pos_embed.res2';
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
export function inferFcclipConfig(shapes: ReadonlyMap<string, { readonly shape: readonly number[] }>): FcclipSizes {
  const shapeOf = (name: string, rank: number): readonly number[] => {
    const shape = shapes.get(name)?.shape;
    if (shape?.length === rank) return shape;
    throw new VitaminError(
      'MODEL_UNKNOWN',
      `Expected an FC-CLIP segmenter, with a tensor ${name} of ${rank} axes, but found ${shape ? `[${shape.join(', ')}]` : 'none'}`,
      { hint: 'Segmenters on ViTamin and ConvNeXt can be read.' },
    );
  };
  const layersAt = (prefix: string): number => {
    let count = 0;
    while (shapes.has(`${prefix}.${count}.linear1.weight`)) count++;
    return count;
  };
  const [queries, width] = shapeOf(`${PREDICTOR}.query_feat.weight`, 2) as [number, number];
  const channelsAt = (name: string): number => shapeOf(`${PIXEL_DECODER}.${name}.weight`, 4)[1]!;
  const [res2, res3, res4, res5] = ['adapter_1', 'input_proj.2.0', 'input_proj.1.0', 'input_proj.0.0'].map(channelsAt) as [
    number,
    number,
    number,
    number,
  ];
  const learned = shapes.has(POSITIONS);
  const [, , rows = 0, columns = 0] = learned ? shapeOf(POSITIONS, 4) : [];
  return {
    channels: learned ? [res2, res3, res4] : [res2, res3, res4, res5],
    width,
    heads: shapeOf(`${ENCODER}.0.self_attn.attention_weights.bias`, 1)[0]! / (LEVELS * POINTS),
    encoderLayers: layersAt(ENCODER),
    encoderHidden: shapeOf(`${ENCODER}.0.linear1.bias`, 1)[0]!,
    decoderLayers: layersAt(FFN),
    decoderHidden: shapeOf(`${FFN}.0.linear1.bias`, 1)[0]!,
    queries,
    embedDim: shapeOf('void_embedding.weight', 2)[1]!,
    ...(learned ? { canvas: { width: 4 * columns, height: 4 * rows } } : { positions: false }),
  };
}
