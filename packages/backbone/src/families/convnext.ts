import { type Params, transpose, type Value } from '@vitamin-vlm/graph';
import { CLIP_PREPROCESSING } from '../load/preprocessing.ts';
import { countBlocks, extent } from '../load/shapes.ts';
import { type ConvNeXtConfig, convNeXtDenseHead, convNeXtHead, convNeXtTrunk } from '../models/convnext.ts';
import type { TowerValues } from '../towers/image-tower.ts';
import type { TowerFamily } from './family.ts';
import { type TowerLayout, TRUNK } from './layouts.ts';
import { refuseSkippedPositions } from './plain-levels.ts';

const STAGES = [0, 1, 2, 3] as const;
const MARKER = 'stem.0.weight';
const HEADS = { linear: 'visual.head.proj.weight', mlp: 'visual.head.mlp.fc2.weight' } as const;
/** timm's largest size, alone, has another epsilon. */
const XXLARGE = 3072;
const NAMES: Readonly<Record<string, string>> = {
  '96,192,384,768/3,3,9,3': 'tiny',
  '96,192,384,768/3,3,27,3': 'small',
  '128,256,512,1024/3,3,27,3': 'base',
  '192,384,768,1536/3,3,27,3': 'large',
  '256,512,1024,2048/3,3,27,3': 'xlarge',
  '384,768,1536,3072/3,4,30,3': 'xxlarge',
};

/** timm's own file: its classifier is called otherwise than that of other towers. */
const timm: TowerLayout = {
  form: 'timm',
  has: [MARKER, 'stages.0.blocks.0.conv_dw.weight'],
  renames: [
    [/^(?!head\.fc\.)/u, TRUNK],
    [/^head\.fc\./u, 'visual.head.proj.'],
  ],
};

/** ConvNeXt. Levels: `stem` and `res2` (stride 4), `res3`, `res4`, `res5` (stride 32), which is `final` too. It reads pictures of any size. */
export const convnext: TowerFamily = {
  name: 'convnext',
  title: 'ConvNeXt CLIP',
  layouts: [{ form: 'clip', has: [TRUNK + MARKER, `${TRUNK}stages.0.blocks.0.conv_dw.weight`] }, timm],
  head: /^visual\.(?:trunk\.head\.norm|head)\./u,
  plan: (shapes, { posEmbed }) => {
    refuseSkippedPositions(posEmbed);
    const widths = STAGES.map((s) => extent(shapes, `${scope(s)}0.norm.weight`, 1, 0));
    const depths = STAGES.map((s) => countBlocks(shapes, scope(s)));
    const mlp = shapes.has(HEADS.mlp);
    const head = mlp || shapes.has(HEADS.linear);
    const image: ConvNeXtConfig = {
      widths,
      depths,
      embedDim: head ? extent(shapes, mlp ? HEADS.mlp : HEADS.linear, 2, 0) : widths[3]!,
      head: mlp ? { hidden: extent(shapes, HEADS.mlp, 2, 1) } : 'linear',
      eps: widths[3] === XXLARGE ? 1e-5 : 1e-6,
    };
    const name = NAMES[`${widths.join()}/${depths.join()}`] ?? 'custom';
    return {
      config: { family: 'convnext', image },
      id: (imageSize) => `convnext-${name}-${imageSize}`,
      stride: 32,
      grain: 4,
      levels: [
        { name: 'stem', stride: 4, channels: widths[0]! },
        ...widths.map((channels, s) => ({ name: `res${s + 2}`, stride: 4 << s, channels })),
        { name: 'final', stride: 32, channels: widths[3]! },
      ],
      denseLevel: 'final',
      preprocessing: CLIP_PREPROCESSING,
      ...(head ? { embedDim: image.embedDim } : {}),
      build: (root, picture) => build(root, picture, image, head),
      dense: (root, map) => transpose(convNeXtDenseHead(root.at('visual'), transpose(map, [0, 2, 1]), image), [0, 2, 1]),
    };
  },
};

/** Where the blocks of a stage stand. */
function scope(stage: number): string {
  return `${TRUNK}stages.${stage}.blocks.`;
}

function build(root: Params, picture: Value, config: ConvNeXtConfig, head: boolean): TowerValues {
  const visual = root.at('visual');
  const { stem, stages } = convNeXtTrunk(visual.at('trunk'), picture, config);
  const last = stages.at(-1)!.out;
  const maps = { stem, ...Object.fromEntries(stages.map(({ out }, s) => [`res${s + 2}`, out])), final: last };
  return head ? { maps, embedding: convNeXtHead(visual, last, config).embedding } : { maps };
}
