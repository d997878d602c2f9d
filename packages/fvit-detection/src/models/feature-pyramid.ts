// F-ViT (Wu et al., CLIPSelf, ICLR 2024, arXiv:2310.01403) on ViTamin (Chen et al., CVPR 2024): adapters behind the frozen tower, and
// the Feature Pyramid Network (Lin et al., CVPR 2017) with batch norms. Parameter paths are those of the mmdetection checkpoint.
import { add, conv2d, convTranspose2d, gelu, maxPool, type Params, resize, slice, type Value } from '@vitamin-vlm/graph';
import type { Norm } from './norm.ts';

/** The tower's maps over the canvas: [N, C, H/stride, W/stride] at strides 4, 8, 16, 16; those of a plain Vision Transformer all at the stride of its patches. */
export interface TowerMaps {
  readonly os4: Value;
  readonly os8: Value;
  readonly mid: Value;
  readonly final: Value;
}

/** Adapters: the maps at strides 4, 8, 16, 32 that the pyramid is built on. `p` is the scope `backbone`. */
export function adapters(p: Params, maps: TowerMaps, norm: Norm): Value[] {
  const [os4, os8] = [convAdapters, upsamplingAdapters][Number(isPlain(maps))]!(p, maps, norm);
  return [os4, os8, maps.mid, maxPool(maps.final, { kernel: 2, stride: 2 })];
}

/** Whether all four maps have one stride, as in a plain Vision Transformer. */
function isPlain({ os4, final }: TowerMaps): boolean {
  return os4.shape[2] === final.shape[2];
}

/** Of a plain Vision Transformer: 2×2 transposed convolutions double the sides, twice for the finest level. */
function upsamplingAdapters(p: Params, { os4, os8 }: Pick<TowerMaps, 'os4' | 'os8'>, norm: Norm): [Value, Value] {
  const first = p.at('interpolate1');
  const x = gelu(norm(first.at(1), twice(first.at(0), os4)));
  return [twice(first.at(3), x), twice(p.at('interpolate2').at(0), os8)];
}

function twice(p: Params, x: Value): Value {
  return convTranspose2d(p, x, x.shape[1] as number, { kernel: 2, stride: 2 });
}

/** Of a ViTamin, whose maps have these strides already: 3×3 convolutions. */
function convAdapters(p: Params, { os4, os8 }: TowerMaps, norm: Norm): [Value, Value] {
  const first = p.at('interpolate1');
  let x = conv2d(first.at(0), os4, os4.shape[1] as number, { kernel: 3 });
  x = gelu(norm(first.at(1), x));
  x = conv2d(first.at(3), x, os4.shape[1] as number, { kernel: 3 });
  const y = conv2d(p.at('interpolate2').at(0), os8, os8.shape[1] as number, { kernel: 3 });
  return [x, y];
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
