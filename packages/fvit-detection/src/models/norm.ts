import type { Params, Value } from '@vitamin-vlm/graph';
import { batchNorm } from './inference-ops.ts';

/** mmdetection's and PyTorch's default. */
const EPS = 1e-5;

/**
 * How the batch norms of the heads are computed: x [N, C, H, W], `p` the scope of weight, bias and running statistics. The model files are the same for
 * inference and training; only this differs.
 */
export type Norm = (p: Params, x: Value) => Value;

/** Inference: with the running statistics of the checkpoint. */
export const frozenNorm: Norm = (p, x) => batchNorm(p, x, EPS);
