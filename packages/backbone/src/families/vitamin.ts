import { reshape, transpose, type Params, type Value } from '@vitamin-vlm/graph';
import { CLIP_PREPROCESSING } from '../load/preprocessing.ts';
import { countBlocks, extent, gridSide, headsOf } from '../load/shapes.ts';
import { denseHead, pooledHead, type ViTaminConfig, vitaminSizes, vitaminTrunk } from '../models/vitamin.ts';
import type { TowerValues } from '../towers/image-tower.ts';
import type { TowerFamily } from './family.ts';
import { timmLayout, TRUNK } from './layouts.ts';

const STRIDE = 16;
const BACKBONE = 'patch_embed.backbone.';
const MARKER = `${BACKBONE}stem.conv1.weight`;
const POSITIONS = `${TRUNK}pos_embed`;
const HEAD = 'visual.head.proj.weight';

/**
 * ViTamin. Levels: `stem` (stride 2), `os4`, `os8` (after the MBConv stages), and at stride 16 `mid` (after the first half of the Transformer blocks, rounded
 * down: what F-ViT takes), `preLast` (before the last block: what LLaVA takes), `final`, and `blocks.N` after each block.
 */
export const vitamin: TowerFamily = {
  name: 'vitamin',
  title: 'ViTamin',
  layouts: [{ form: 'clip', has: [TRUNK + MARKER] }, timmLayout([MARKER])],
  head: /^visual\.(?:trunk\.fc_norm|head)\./u,
  plan: (shapes, { imageHeads, posEmbed }) => {
    const size = (name: string, rank: number, axis = 0): number => extent(shapes, TRUNK + name, rank, axis);
    const widths = [size(MARKER, 4), size(`${BACKBONE}stages.1.0.conv3_1x1.weight`, 4), size(`${BACKBONE}pool.proj.weight`, 4)] as const;
    const scopes = [`${BACKBONE}stages.0.`, `${BACKBONE}stages.1.`, 'blocks.'];
    const depths = scopes.map((scope) => countBlocks(shapes, TRUNK + scope)) as unknown as ViTaminConfig['depths'];
    const grid = shapes.has(POSITIONS) ? gridSide(size('pos_embed', 3, 1)) : undefined;
    const head = shapes.has(HEAD);
    const [c1, c2, width] = widths;
    const image: ViTaminConfig = {
      widths,
      depths,
      heads: headsOf(width, 'image', imageHeads),
      embedDim: head ? extent(shapes, HEAD, 2, 0) : width,
      positions: grid !== undefined,
    };
    const built = { ...image, positions: image.positions && posEmbed !== 'skip' };
    const blocks = Array.from({ length: depths[2] }, (_, i) => `blocks.${i}`);
    return {
      config: { family: 'vitamin', image },
      id: (imageSize) => variantName(image, imageSize),
      stride: STRIDE,
      ...(grid === undefined ? {} : { imageSize: grid * STRIDE }),
      ...(grid !== undefined && built.positions ? { positions: { name: POSITIONS, classRows: 0, grid, antialias: true } } : {}),
      levels: [
        { name: 'stem', stride: 2, channels: c1 },
        { name: 'os4', stride: 4, channels: c1 },
        { name: 'os8', stride: 8, channels: c2 },
        ...['mid', 'preLast', 'final', ...blocks].map((name) => ({ name, stride: STRIDE, channels: width })),
      ],
      denseLevel: 'final',
      preprocessing: CLIP_PREPROCESSING,
      ...(head ? { embedDim: image.embedDim } : {}),
      build: (root, picture) => build(root, picture, built, head),
      dense: (root, map) => transpose(denseHead(root.at('visual'), transpose(map, [0, 2, 1]), image.embedDim), [0, 2, 1]),
    };
  },
};

function build(root: Params, image: Value, config: ViTaminConfig, head: boolean): TowerValues {
  const visual = root.at('visual');
  const { stem, stage1, stage2, embedded, blocks, pool } = vitaminTrunk(visual.at('trunk'), image, config);
  const asMap = (tokens: Value): Value => reshape(transpose(tokens, [0, 2, 1]), pool.shape); // [N, L, D] -> [N, D, h, w]
  const depth = blocks.length;
  const after = (count: number): Value => (count > 0 ? blocks[count - 1]! : embedded);
  const maps = {
    stem,
    os4: stage1.at(-1)!,
    os8: stage2.at(-1)!,
    mid: asMap(after(Math.floor(depth / 2))),
    preLast: asMap(after(depth - 1)),
    final: asMap(after(depth)),
    ...Object.fromEntries(blocks.map((block, i) => [`blocks.${i}`, asMap(block)])),
  };
  return head ? { maps, embedding: pooledHead(visual, after(depth), config.embedDim).embedding } : { maps };
}

/**
 * The name of a model by its sizes, as timm writes it with hyphens: `vitamin-large-336`. A small image tower in the joint space of
 * ViTamin-L was trained against its text tower: `vitamin-small-224-ltt`. Sizes that were not published are `custom`; the two smallest
 * stages of 16 and 32 channels make a `nano`.
 */
function variantName(image: ViTaminConfig, imageSize: number): string {
  const named = Object.entries(vitaminSizes).filter(
    ([, size]) => size.widths.join() === image.widths.join() && size.depths.join() === image.depths.join(),
  );
  const exact = named.find(([, size]) => size.embedDim === image.embedDim);
  const [name] = exact ?? named[0] ?? [image.widths[0] === 16 && image.widths[1] === 32 ? 'nano' : 'custom'];
  const locked = !exact && (name === 'small' || name === 'base') && image.embedDim === vitaminSizes.large.embedDim;
  return `vitamin-${name}-${imageSize}${locked ? '-ltt' : ''}`;
}
