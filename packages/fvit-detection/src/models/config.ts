import { VitaminError } from '@vitamin-vlm/core';

/** Sizes of an F-ViT detector, as they follow from the shapes in its checkpoint. */
export interface FVitConfig {
  /** Channels of the tower's maps at strides 4, 8, 16 (middle) and 16 (last). */
  readonly channels: readonly [os4: number, os8: number, mid: number, final: number];
  /** Channels of the feature pyramid, and of all convolutions behind it. */
  readonly width: number;
  /** Width of the fully connected layers of the box head. */
  readonly hidden: number;
  /** Dimensions of the joint image-text space. */
  readonly embedDim: number;
  /** Classes it was trained with, without the background. */
  readonly classes: number;
  /** Whether the convolutions of the region proposal network have a batch norm instead of a bias (OV-LVIS). */
  readonly rpnNorm: boolean;
  /** Whether there is a mask head (OV-LVIS). */
  readonly masks: boolean;
  /**
   * Pixels per patch, where the tower is a plain Vision Transformer (CLIPSelf): its four maps have one stride, and transposed convolutions make the finer levels.
   * Absent for a ViTamin.
   */
  readonly patch?: number | undefined;
}

/** Where the sizes stand. */
const TENSORS = {
  embeddings: 'roi_head.bbox_head.all_embeddings',
  hidden: 'roi_head.bbox_head.shared_fcs.0.weight',
  laterals: [0, 1, 2, 3].map((level) => `neck.lateral_convs.${level}.conv.weight`),
  rpnNorm: 'rpn_head.rpn_conv.0.bn.weight',
  masks: 'roi_head.mask_head.conv_logits.weight',
  adapter: 'backbone.interpolate1.0.weight',
  /** Of EVA-02 and of CLIP's own ViT. */
  patches: ['backbone.visual.patch_embed.proj.weight', 'backbone.visual.conv1.weight'],
} as const;

/**
 * Reads the sizes of a detector off the shapes of its tensors.
 *
 * @param shapes - By the names of the checkpoint.
 * @throws VitaminError `MODEL_UNKNOWN` when the tensors that tell the sizes are missing or have another rank.
 */
export function inferFVitConfig(shapes: ReadonlyMap<string, { readonly shape: readonly number[] }>): FVitConfig {
  const shapeOf = (name: string, rank: number): readonly number[] => {
    const shape = shapes.get(name)?.shape;
    if (shape?.length === rank) return shape;
    throw new VitaminError(
      'MODEL_UNKNOWN',
      `Expected an F-ViT detector, with a tensor ${name} of ${rank} axes, but found ${shape ? `[${shape.join(', ')}]` : 'none'}`,
    );
  };
  const laterals = TENSORS.laterals.map((name) => shapeOf(name, 4));
  const [embedDim, columns] = shapeOf(TENSORS.embeddings, 2) as [number, number];
  return {
    channels: laterals.map((shape) => shape[1]!) as unknown as FVitConfig['channels'],
    width: laterals[0]![0]!,
    hidden: shapeOf(TENSORS.hidden, 2)[0]!,
    embedDim,
    classes: columns - 1,
    rpnNorm: shapes.has(TENSORS.rpnNorm),
    masks: shapes.has(TENSORS.masks),
    ...patchOf(shapes),
  };
}

/** Adapters of plain Vision Transformers double the sides: their kernels have 2 × 2 pixels. */
function patchOf(shapes: ReadonlyMap<string, { readonly shape: readonly number[] }>): Pick<FVitConfig, 'patch'> {
  if (shapes.get(TENSORS.adapter)?.shape[2] !== 2) return {};
  const patch = TENSORS.patches.map((name) => shapes.get(name)?.shape).find((shape) => shape?.length === 4)?.[2];
  return { patch: patch ?? 16 };
}
