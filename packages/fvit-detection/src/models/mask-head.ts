// The mask head (He et al., Mask R-CNN, 2017), for any class.
import { conv2d, convTranspose2d, type Params, relu, type Value } from '@vitamin-vlm/graph';
import { convStack } from './box-head.ts';
import type { Norm } from './norm.ts';

/** Side of the grid that a region is read on; the mask has twice as many cells. */
export const MASK_GRID = 14;

/** features: [R, width, 14, 14] -> logits [R, 1, 28, 28]. `p` is the scope `roi_head.mask_head`. */
export function maskHead(p: Params, features: Value, norm: Norm): Value {
  const width = features.shape[1] as number;
  const x = convStack(p.at('convs'), features, norm);
  const enlarged = relu(convTranspose2d(p.at('upsample'), x, width, { kernel: 2, stride: 2 }));
  return conv2d(p.at('conv_logits'), enlarged, 1, { kernel: 1 });
}
