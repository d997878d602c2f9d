import { add, div, type Graph, mul, type Params, reduceMean, reshape, sqrt, sub, type Value } from '@vitamin-vlm/graph';
import type { Norm } from '../models/norm.ts';

/** mmdetection's and PyTorch's default. */
const EPS = 1e-5;
/** How far a running statistic moves towards that of a batch. */
const MOMENTUM = 0.1;

/** Batch norms that are being trained (Ioffe and Szegedy, arXiv:1502.03167): they use the batch's own statistics, and remember them for inference. */
export class BatchNorms {
  /** Latest running mean and variance by the path of the norm. A norm that a network uses several times moves them each time. */
  readonly #running = new Map<string, { readonly mean: Value; readonly variance: Value }>();
  /** Whether running statistics are kept at all: the forward pass before the losses needs none. */
  readonly #remember: boolean;

  constructor(remember: boolean) {
    this.#remember = remember;
  }

  /** For the model's functions. x: [N, C, H, W] with fixed extents. */
  readonly norm: Norm = (p, x) => {
    const [n, channels, height, width] = x.shape as [number, number, number, number];
    const perChannel = (value: Value): Value => reshape(value, [1, channels, 1, 1]);
    const mean = reduceMean(x, [0, 2, 3]); // [1, C, 1, 1]
    const centered = sub(x, mean);
    const variance = reduceMean(mul(centered, centered), [0, 2, 3]);
    if (this.#remember) this.#move(p, mean, variance, n * height * width);
    const [weight, bias] = [p.get('weight', [channels]), p.get('bias', [channels])];
    return add(mul(centered, div(perChannel(weight), sqrt(add(variance, EPS)))), perChannel(bias));
  };

  /** Outputs `path:next` for every running statistic. */
  output(graph: Graph): void {
    for (const [path, { mean, variance }] of this.#running) {
      graph.output(`${path}.running_mean:next`, mean);
      graph.output(`${path}.running_var:next`, variance);
    }
  }

  #move(p: Params, mean: Value, variance: Value, count: number): void {
    const shape = [mean.shape[1] as number];
    const before = this.#running.get(p.path) ?? { mean: p.get('running_mean', shape), variance: p.get('running_var', shape) };
    // Running variances are without bias, PyTorch has it so.
    const unbiased = mul(reshape(variance, shape), count / Math.max(count - 1, 1));
    this.#running.set(p.path, { mean: toward(before.mean, reshape(mean, shape)), variance: toward(before.variance, unbiased) });
  }
}

function toward(from: Value, to: Value): Value {
  return add(from, mul(sub(to, from), MOMENTUM));
}
