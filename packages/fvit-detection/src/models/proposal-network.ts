// Region Proposal Network (Ren et al., Faster R-CNN, 2015): one small network over every level of the pyramid.
import { conv2d, type Params, relu, type Value } from '@vitamin-vlm/graph';
import { ANCHORS_PER_CELL } from '../boxes/anchors.ts';
import type { Norm } from './norm.ts';

/** What the network says about one level. */
export interface RpnMaps {
  /** [N, 3, h, w], before the sigmoid. */
  readonly logits: Value;
  /** [N, 12, h, w], four numbers per anchor, anchor by anchor. */
  readonly deltas: Value;
}

/** Two 3×3 convolutions with ReLU, with a bias (OV-COCO) or a batch norm (OV-LVIS); then objectness and deltas. `p` is the scope `rpn_head`. */
export function proposalNetwork(p: Params, level: Value, { rpnNorm }: { readonly rpnNorm: boolean }, norm: Norm): RpnMaps {
  const width = level.shape[1] as number;
  let x = level;
  for (const i of [0, 1]) {
    const at = p.at('rpn_conv').at(i);
    const y = conv2d(at.at('conv'), x, width, { kernel: 3, bias: !rpnNorm });
    x = relu(rpnNorm ? norm(at.at('bn'), y) : y);
  }
  return {
    logits: conv2d(p.at('rpn_cls'), x, ANCHORS_PER_CELL, { kernel: 1 }),
    deltas: conv2d(p.at('rpn_reg'), x, 4 * ANCHORS_PER_CELL, { kernel: 1 }),
  };
}
