import { VitaminError } from '@vitamin-vlm/core';
import type { TextTowerConfig } from '../models/text-tower.ts';
import type { ViTaminConfig } from '../models/vitamin.ts';

/** Anything with shapes by name: a checkpoint's records, or tensors. Names in open_clip's custom text form. */
export type Shapes = ReadonlyMap<string, { readonly shape: readonly number[] }>;

/** What the shapes of a checkpoint say about its model. */
export interface InferredConfig {
  readonly image: ViTaminConfig;
  /** Side of the grid of position embeddings; absent in ViTamin-XL. */
  readonly grid?: number;
  /** Whether the projection into the joint space is there. A trunk alone gives maps only. */
  readonly head: boolean;
  /** Absent in checkpoints of an image tower alone. */
  readonly text?: TextTowerConfig;
}

/** Shapes do not show the number of heads; these are the published ones. Other widths have heads of 64, CLIP's rule. */
const imageHeads: Readonly<Record<number, number>> = { 64: 2, 192: 3, 384: 6, 768: 12, 1024: 16, 1152: 16 };
const textHeads: Readonly<Record<number, number>> = { 64: 2, 384: 6, 512: 8, 768: 12, 1024: 16, 1152: 16 };

/** CLIP reads 77 tokens. The attention mask takes the square of it. */
const MAX_CONTEXT = 4096;

const TRUNK = 'visual.trunk.';
const STAGES = `${TRUNK}patch_embed.backbone.`;

/**
 * Infers the sizes of both towers from tensor shapes. Only the few tensors that tell a size are looked at; whether all others fit is
 * checked when the model is built.
 *
 * @throws VitaminError `WEIGHTS_MISMATCH` when a tensor that tells a size is missing or of another rank, or the towers differ in width;
 *   `UNSUPPORTED` for a width without a known number of heads or a grid that is no square.
 * @example
 * ```ts
 * import { inferConfig } from '@vitamin-vlm/backbone';
 * import { openCheckpoint } from '@vitamin-vlm/checkpoint';
 * await using checkpoint = await openCheckpoint('ViTamin-L-336px/pytorch_model.bin');
 * console.log(inferConfig(checkpoint.tensors).image.widths); // [ 160, 320, 1024 ]
 * ```
 */
export function inferConfig(shapes: Shapes): InferredConfig {
  const c1 = extent(shapes, `${STAGES}stem.conv1.weight`, 4, 0);
  const c2 = extent(shapes, `${STAGES}stages.1.0.conv3_1x1.weight`, 4, 0);
  const width = extent(shapes, `${STAGES}pool.proj.weight`, 4, 0);
  const depths = [`${STAGES}stages.0.`, `${STAGES}stages.1.`, `${TRUNK}blocks.`].map((scope) => countBlocks(shapes, scope));
  const head = shapes.has('visual.head.proj.weight');
  const grid = shapes.has(`${TRUNK}pos_embed`) ? gridSide(extent(shapes, `${TRUNK}pos_embed`, 3, 1)) : undefined;
  const image: ViTaminConfig = {
    widths: [c1, c2, width],
    depths: depths as [number, number, number],
    heads: heads(imageHeads, width, 'image'),
    embedDim: head ? extent(shapes, 'visual.head.proj.weight', 2, 0) : width,
    positions: grid !== undefined,
  };
  const text = shapes.has('text.text_projection') ? inferText(shapes, image.embedDim) : undefined;
  return { image, head, ...(grid === undefined ? {} : { grid }), ...(text ? { text } : {}) };
}

function inferText(shapes: Shapes, embedDim: number): TextTowerConfig {
  const context = extent(shapes, 'text.positional_embedding', 2, 0);
  if (context > MAX_CONTEXT) throw new VitaminError('UNSUPPORTED', `Expected texts of at most ${MAX_CONTEXT} tokens but found ${context}`);
  const width = extent(shapes, 'text.token_embedding.weight', 2, 1);
  const joint = extent(shapes, 'text.text_projection', 2, 1);
  if (joint !== embedDim) {
    throw new VitaminError(
      'WEIGHTS_MISMATCH',
      `Expected towers that meet in one space but found images of ${embedDim} and texts of ${joint}`,
    );
  }
  return {
    width,
    heads: heads(textHeads, width, 'text'),
    layers: countBlocks(shapes, 'text.transformer.resblocks.'),
    embedDim,
    vocabulary: extent(shapes, 'text.token_embedding.weight', 2, 0),
    context,
  };
}

/** One extent of a tensor whose rank is known. */
function extent(shapes: Shapes, name: string, rank: number, axis: number): number {
  const shape = shapes.get(name)?.shape;
  if (shape?.length === rank && shape[axis]! > 0) return shape[axis]!;
  const found = shape ? `[${shape.join(', ')}]` : 'none';
  throw new VitaminError('WEIGHTS_MISMATCH', `Expected a tensor ${name} with ${rank} axes but found ${found}`, {
    hint: 'The sizes of the model are read from it. Check that the file is whole and of this model.',
  });
}

/** How many numbered blocks lie below a name. Counted, so that a gap or a wild number shows up as missing and unused tensors. */
function countBlocks(shapes: Shapes, scope: string): number {
  const indices = new Set<string>();
  for (const name of shapes.keys()) {
    if (name.startsWith(scope)) indices.add(name.slice(scope.length, name.indexOf('.', scope.length)));
  }
  return indices.size;
}

function gridSide(tokens: number): number {
  const side = Math.sqrt(tokens);
  if (Number.isInteger(side)) return side;
  throw new VitaminError('UNSUPPORTED', `Expected position embeddings of a square grid but found ${tokens} of them`);
}

function heads(known: Readonly<Record<number, number>>, width: number, tower: string): number {
  const count = known[width] ?? width / 64;
  if (Number.isInteger(count)) return count;
  throw new VitaminError('UNSUPPORTED', `Expected a width with a known number of heads but the ${tower} tower has ${width}`, {
    hint: `Known: ${Object.keys(known).join(', ')} and multiples of 64.`,
  });
}
