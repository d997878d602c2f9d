import { batchNormalizationTraining, type Graph, type Value } from '@vitamin-vlm/graph';
import type { Norm } from '../models/norm.ts';

/** mmdetection's and PyTorch's defaults. */
const OPTIONS = { eps: 1e-5, momentum: 0.1 };

/**
 * Batch norms that are being trained: they use the batch's own statistics, and remember them for inference. The layer of the graph package does the same for a norm
 * that is used once; those of the region proposal network are used on every level, and each use moves the running statistics further.
 */
export class BatchNorms {
  /** Latest running statistics by the path of the norm. */
  readonly #running = new Map<string, { readonly mean: Value; readonly variance: Value }>();

  /** For the model's functions. x: [N, C, H, W]. */
  readonly norm: Norm = (p, x) => {
    const [, channels] = x.shape as [number, number];
    const get = (name: string): Value => p.get(name, [channels]);
    const before = this.#running.get(p.path) ?? { mean: get('running_mean'), variance: get('running_var') };
    const { y, mean, variance } = batchNormalizationTraining(x, get('weight'), get('bias'), before, OPTIONS);
    this.#running.set(p.path, { mean, variance });
    return y;
  };

  /** Outputs `path:next` for every running statistic. */
  output(graph: Graph): void {
    for (const [path, { mean, variance }] of this.#running) {
      graph.output(`${path}.running_mean:next`, mean);
      graph.output(`${path}.running_var:next`, variance);
    }
  }
}
