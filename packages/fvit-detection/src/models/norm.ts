import { batchNorm, type Params, type Value } from '@vitamin-vlm/graph';

/**
 * How the batch norms of the heads are computed: x [N, C, H, W], `p` the scope of weight, bias and running statistics. The model files are the same for
 * inference and training; only this differs.
 */
export type Norm = (p: Params, x: Value) => Value;

/** Inference: with the running statistics of the checkpoint. */
export const frozenNorm: Norm = (p, x) => batchNorm(p, x);
