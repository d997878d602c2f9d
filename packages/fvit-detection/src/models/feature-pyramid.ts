// F-ViT (Wu et al., CLIPSelf, ICLR 2024, arXiv:2310.01403) on ViTamin (Chen et al., CVPR 2024): adapters behind the frozen tower, and
// the Feature Pyramid Network (Lin et al., CVPR 2017) with batch norms. Parameter paths are those of the mmdetection checkpoint.
import { add, conv2d, gelu, maxPool, type Params, resize, slice, type Value } from '@vitamin-vlm/graph';
import type { Norm } from './norm.ts';

/** The tower's maps, stitched over the canvas: [N, C, H/stride, W/stride] at strides 4, 8, 16, 16. */
export interface TowerMaps {
  readonly os4: Value;
  readonly os8: Value;
  readonly mid: Value;
  readonly final: Value;
}

/** Adapters: the maps at strides 4, 8, 16, 32 that the pyramid is built on. `p` is the scope `backbone`. */
export function adapters(p: Params, { os4, os8, mid, final }: TowerMaps, norm: Norm): Value[] {
  const first = p.at('interpolate1');
  let x = conv2d(first.at(0), os4, os4.shape[1] as number, { kernel: 3 });
  x = gelu(norm(first.at(1), x));
  x = conv2d(first.at(3), x, os4.shape[1] as number, { kernel: 3 });
  const y = conv2d(p.at('interpolate2').at(0), os8, os8.shape[1] as number, { kernel: 3 });
  return [x, y, mid, maxPool(final, { kernel: 2, stride: 2 })];
}

/**
 * Feature pyramid: P2 to P6 at strides 4, 8, 16, 32, 64, [N, width, h, w] each. Lateral 1×1 convolutions, nearest-neighbor upsampling from
 * the top down, 3×3 convolutions; P6 is every second cell of P5. `p` is the scope `neck`.
 */
export function featurePyramid(p: Params, maps: readonly Value[], width: number, norm: Norm): Value[] {
  const convNorm = (at: Params, x: Value, kernel: number): Value =>
    norm(at.at('bn'), conv2d(at.at('conv'), x, width, { kernel, bias: false }));
  const laterals = maps.map((map, i) => convNorm(p.at('lateral_convs').at(i), map, 1));
  for (let i = laterals.length - 1; i > 0; i--) {
    const finer = laterals[i - 1]!;
    laterals[i - 1] = add(finer, resize(laterals[i]!, [finer.shape[2]!, finer.shape[3]!], 'nearest'));
  }
  const levels = laterals.map((lateral, i) => convNorm(p.at('fpn_convs').at(i), lateral, 3));
  const rows = slice(levels.at(-1)!, { axis: 2, start: 0, step: 2 });
  return [...levels, slice(rows, { axis: 3, start: 0, step: 2 })];
}
