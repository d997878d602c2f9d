// The box head of F-ViT: four convolutions and two fully connected layers (Detectron's 4conv-2fc), then vectors in CLIP's space instead of classes.
import { conv2d, linear, type Params, product, relu, reshape, type Value } from '@vitamin-vlm/graph';
import type { FVitConfig } from './config.ts';
import type { Norm } from './norm.ts';

/** Side of the grid that a region is read on. */
export const BOX_GRID = 7;
const CONVS = 4;

/** Results of the box head for R regions. */
export interface BoxHeadValues {
  /** [R, width, 7, 7] after the convolutions. */
  readonly convolved: Value;
  /** [R, hidden], what both branches start from. */
  readonly shared: Value;
  /** [R, E], not normalized: compared with words by its direction alone. */
  readonly classVectors: Value;
  /** [R, 4]: dx, dy, dw, dh, for any class. */
  readonly deltas: Value;
}

/** features: [R, width, 7, 7]. `p` is the scope `roi_head.bbox_head`. */
export function boxHead(
  p: Params,
  features: Value,
  { hidden, embedDim }: Pick<FVitConfig, 'hidden' | 'embedDim'>,
  norm: Norm,
): BoxHeadValues {
  const convolved = convStack(p.at('shared_convs'), features, norm);
  const [regions, ...rest] = convolved.shape;
  let x = reshape(convolved, [regions!, product(rest)]); // [R, width·7·7], channel by channel
  for (const i of [0, 1]) x = relu(linear(p.at('shared_fcs').at(i), x, hidden));
  return {
    convolved,
    shared: x,
    classVectors: relu(linear(p.at('cls_fcs').at(0), x, embedDim)),
    deltas: linear(p.at('fc_reg'), relu(linear(p.at('reg_fcs').at(0), x, hidden)), 4),
  };
}

/** Four 3×3 convolutions without bias, each with batch norm and ReLU: x [R, C, h, w] stays in its shape. */
export function convStack(p: Params, x: Value, norm: Norm): Value {
  for (let i = 0; i < CONVS; i++) {
    x = relu(norm(p.at(i).at('bn'), conv2d(p.at(i).at('conv'), x, x.shape[1] as number, { kernel: 3, bias: false })));
  }
  return x;
}
