import { type Params, transpose, type Value } from '@vitamin-vlm/graph';
import { CLIP_PREPROCESSING } from '../load/preprocessing.ts';
import { countBlocks, extent, gridSide } from '../load/shapes.ts';
import { type CoAtNetConfig, coAtNetDenseHead, coAtNetHead, coAtNetTrunk } from '../models/coatnet.ts';
import type { TowerValues } from '../towers/image-tower.ts';
import type { TowerFamily } from './family.ts';
import { timmLayout, TRUNK } from './layouts.ts';
import { refuseSkippedPositions } from './plain-levels.ts';

const STAGES = [0, 1, 2, 3] as const;
const MARKER = 'stages.2.blocks.0.attn.rel_pos.relative_position_bias_table';
/** PyTorch counts the batches that a norm has seen; nothing depends on it. */
const COUNTS = /\.num_batches_tracked$/u;
const HEAD = 'visual.head.proj.weight';
const NAMES: Readonly<Record<string, string>> = { '2,3,5,2': '0', '2,6,14,2': '2', '2,12,28,2': '4' };

/** CoAtNet. Levels: `stem` (stride 2), `res2` to `res5` (strides 4 to 32), which is `final` too. It runs at one size. */
export const coatnet: TowerFamily = {
  name: 'coatnet',
  title: 'CoAtNet CLIP',
  layouts: [
    { form: 'clip', has: [TRUNK + MARKER, `${TRUNK}stem.conv1.weight`], buffers: COUNTS },
    { ...timmLayout([MARKER, 'stem.conv1.weight']), buffers: COUNTS },
  ],
  head: /^visual\.(?:trunk\.head|head)\./u,
  plan: (shapes, { posEmbed }) => {
    refuseSkippedPositions(posEmbed);
    const widths = STAGES.map((s) => extent(shapes, `${first(s)}${s < 2 ? 'conv3_1x1' : 'attn.proj'}.weight`, 4, 0));
    const depths = STAGES.map((s) => countBlocks(shapes, `${TRUNK}stages.${s}.blocks.`));
    const imageSize = 16 * ((gridSide(extent(shapes, TRUNK + MARKER, 2, 0)) + 1) / 2);
    const head = shapes.has(HEAD);
    const image: CoAtNetConfig = {
      stem: extent(shapes, `${TRUNK}stem.conv1.weight`, 4, 0),
      widths: widths as unknown as CoAtNetConfig['widths'],
      depths: depths as unknown as CoAtNetConfig['depths'],
      headWidth: head ? extent(shapes, `${TRUNK}head.pre_logits.fc.weight`, 2, 0) : widths[3]!,
      embedDim: head ? extent(shapes, HEAD, 2, 0) : widths[3]!,
    };
    return {
      config: { family: 'coatnet', image },
      id: (size) => `coatnet-${NAMES[depths.join()] ?? 'custom'}-${size}`,
      stride: 32,
      imageSize,
      fixedSize: true,
      levels: [
        { name: 'stem', stride: 2, channels: image.stem },
        ...widths.map((channels, s) => ({ name: `res${s + 2}`, stride: 4 << s, channels })),
        { name: 'final', stride: 32, channels: widths[3]! },
      ],
      denseLevel: 'final',
      preprocessing: CLIP_PREPROCESSING,
      ...(head ? { embedDim: image.embedDim } : {}),
      build: (root, picture) => build(root, picture, image, head),
      dense: (root, map) => transpose(coAtNetDenseHead(root.at('visual'), transpose(map, [0, 2, 1]), image), [0, 2, 1]),
    };
  },
};

/** Where the first block of a stage stands. */
function first(stage: number): string {
  return `${TRUNK}stages.${stage}.blocks.0.`;
}

function build(root: Params, picture: Value, config: CoAtNetConfig, head: boolean): TowerValues {
  const visual = root.at('visual');
  const { stem, convolutions, attentions } = coAtNetTrunk(visual.at('trunk'), picture, config);
  const stages = [...convolutions, ...attentions].map((blocks) => blocks.at(-1)!.out);
  const last = stages.at(-1)!;
  const maps = { stem, ...Object.fromEntries(stages.map((out, s) => [`res${s + 2}`, out])), final: last };
  return head ? { maps, embedding: coAtNetHead(visual, last, config).embedding } : { maps };
}
