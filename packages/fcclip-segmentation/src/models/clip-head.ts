import { convNeXtPixels, type TowerConfig } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import { layerNorm, linear, type Params, type Value } from '@vitamin-vlm/graph';

/** timm's epsilon for the norms of ViTamin. */
const EPS = 1e-6;

/** What a CLIP model does with its pooled picture, for each of Q masks: [N, Q, C] -> [N, Q, E], not normalized. `p` is the scope `visual`. */
export type ClipHead = (p: Params, pooled: Value) => Value;

/**
 * The head of a tower that FC-CLIP is built on.
 *
 * @throws VitaminError `UNSUPPORTED` for other towers.
 */
export function clipHeadOf({ family, image }: TowerConfig): ClipHead {
  if (family === 'convnext') return (p, pooled) => convNeXtPixels(p, pooled, image);
  if (family === 'vitamin') {
    return (p, pooled) =>
      linear(p.at('head').at('proj'), layerNorm(p.at('trunk').at('fc_norm'), pooled, EPS), image.embedDim, { bias: false });
  }
  throw new VitaminError('UNSUPPORTED', `Expected a segmenter on ViTamin or ConvNeXt but found one on ${family}`);
}
