import { VitaminError } from '@vitamin-vlm/core';
import type { TowerConfig, TowerPlan } from '../families/family.ts';
import { familyOf, recognizeLayout } from '../families/registry.ts';
import type { TextTowerConfig } from '../models/text-tower.ts';
import type { Hints } from './hints.ts';
import { countBlocks, extent, headsOf, type Shapes } from './shapes.ts';

/** CLIP reads 77 tokens. The attention mask takes the square of it. */
const MAX_CONTEXT = 4096;

/** What the shapes of a checkpoint say about its model. */
export type InferredConfig = TowerConfig & {
  /** Side of the square input it was trained at; absent in ViTamin-XL and ConvNeXt, which read any. */
  readonly imageSize?: number;
  /** Whether the projection into the joint space is there. A trunk alone gives maps only. */
  readonly head: boolean;
  /** Absent in checkpoints of an image tower alone. */
  readonly text?: TextTowerConfig;
};

/**
 * Infers the sizes of both towers from tensor shapes. Only the few tensors that tell a size are looked at; whether all others fit is
 * checked when the model is built.
 *
 * @param shapes - Under open_clip's names, with the text tower below `text.`.
 * @param hints - What shapes do not show.
 * @throws VitaminError `MODEL_UNKNOWN` when no image tower is inside; `WEIGHTS_MISMATCH` when a tensor that tells a size is missing or of another rank, or the
 *   towers differ in width; `UNSUPPORTED` for a width without a known number of heads or a grid that is no square.
 * @example
 * ```ts
 * import { inferConfig } from '@vitamin-vlm/backbone';
 * import { openCheckpoint } from '@vitamin-vlm/checkpoint';
 * await using checkpoint = await openCheckpoint('ViTamin-L-336px/pytorch_model.bin');
 * const { family, image } = inferConfig(checkpoint.tensors);
 * console.log(family, image); // vitamin { widths: [ 160, 320, 1024 ], ...
 * ```
 */
export function inferConfig(shapes: Shapes, hints: Hints = {}): InferredConfig {
  const { family } = recognizeLayout(shapes.keys());
  return summarize(...inferModel(family, shapes, hints));
}

/** The plan of the image tower, and the sizes of the text tower where there is one. */
export function inferModel(family: TowerConfig['family'], shapes: Shapes, hints: Hints): [TowerPlan, TextTowerConfig | undefined] {
  const plan = familyOf(family).plan(shapes, hints);
  const linear = shapes.has('text.text_projection.weight');
  if (!linear && !shapes.has('text.text_projection')) return [plan, undefined];
  return [plan, inferText(shapes, plan, hints, linear)];
}

/** What of it is told. */
export function summarize({ config, imageSize, embedDim }: TowerPlan, text: TextTowerConfig | undefined): InferredConfig {
  return { ...config, head: embedDim !== undefined, ...(imageSize === undefined ? {} : { imageSize }), ...(text ? { text } : {}) };
}

function inferText(shapes: Shapes, { embedDim, text: common }: TowerPlan, { text: stated }: Hints, linear: boolean): TextTowerConfig {
  const context = extent(shapes, 'text.positional_embedding', 2, 0);
  if (context > MAX_CONTEXT) throw new VitaminError('UNSUPPORTED', `Expected texts of at most ${MAX_CONTEXT} tokens but found ${context}`);
  const width = extent(shapes, 'text.token_embedding.weight', 2, 1);
  const joint = linear ? extent(shapes, 'text.text_projection.weight', 2, 0) : extent(shapes, 'text.text_projection', 2, 1);
  if (embedDim !== undefined && joint !== embedDim) {
    throw new VitaminError(
      'WEIGHTS_MISMATCH',
      `Expected towers that meet in one space but found images of ${embedDim} and texts of ${joint}`,
    );
  }
  const hidden = extent(shapes, 'text.transformer.resblocks.0.mlp.c_fc.weight', 2, 0);
  const biased = shapes.has('text.text_projection.bias');
  const { heads, ...others } = Object.fromEntries(Object.entries(stated ?? {}).filter(([, value]) => value !== undefined));
  return {
    width,
    heads: headsOf(width, 'text', heads as number | undefined),
    layers: countBlocks(shapes, 'text.transformer.resblocks.'),
    embedDim: joint,
    vocabulary: extent(shapes, 'text.token_embedding.weight', 2, 0),
    context,
    ...(hidden === 4 * width ? {} : { hidden }),
    ...common,
    ...others,
    ...(shapes.has('text.transformer.resblocks.0.attn.q_proj.weight') ? { separate: true } : {}),
    ...(linear ? { projection: biased ? ('biased' as const) : ('linear' as const) } : {}),
  };
}
