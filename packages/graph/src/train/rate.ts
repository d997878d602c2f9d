import { VitaminError } from '@vitamin-vlm/core';

/**
 * Learning rate of a step; steps count from 1. A plain function: the loop evaluates it and feeds the number, so any rule fits one graph,
 * and the rule is computed in float64.
 */
export type Rate = (step: number) => number;

/**
 * The same rate at every step.
 *
 * @example
 * ```ts
 * import { constantRate } from '@vitamin-vlm/graph';
 * console.log(constantRate(1e-4)(1000)); // 0.0001
 * ```
 */
export function constantRate(rate: number): Rate {
  return () => rate;
}

/**
 * A rate that is multiplied by `factor` each time as many steps as a milestone are done (PyTorch's MultiStepLR).
 *
 * @example
 * ```ts
 * import { multiStepRate } from '@vitamin-vlm/graph';
 * const rate = multiStepRate(1e-4, { milestones: [32_000, 44_000] });
 * console.log(rate(32_000), rate(32_001), rate(44_001)); // 1e-4, 1e-5, 1e-6
 * ```
 */
export function multiStepRate(
  rate: number,
  { milestones, factor = 0.1 }: { readonly milestones: readonly number[]; readonly factor?: number },
): Rate {
  return (step) => rate * factor ** milestones.filter((milestone) => step > milestone).length;
}

/**
 * A rate that falls along half a cosine from `peak` to `floor` (default 0) while the steps done go from `from` (default 0) to `to`;
 * `peak` before, `floor` after (PyTorch's CosineAnnealingLR for `from` = 0, without its restarts).
 *
 * @throws VitaminError `USAGE` unless from < to.
 * @example
 * ```ts
 * import { cosineRate } from '@vitamin-vlm/graph';
 * const rate = cosineRate(1e-3, { to: 1000 });
 * console.log(rate(1), rate(501), rate(1001)); // 0.001, 0.0005, 0
 * ```
 */
export function cosineRate(
  peak: number,
  { from = 0, to, floor = 0 }: { readonly from?: number; readonly to: number; readonly floor?: number },
): Rate {
  if (!(from < to)) throw new VitaminError('USAGE', `Expected a cosine that ends after it begins but received ${from} to ${to}`);
  return (step) => {
    const progress = Math.min(Math.max((step - 1 - from) / (to - from), 0), 1);
    return floor + (peak - floor) * 0.5 * (1 + Math.cos(Math.PI * progress));
  };
}

/**
 * Any rate, multiplied by a factor that rises linearly from `start` at the first step to 1 when `steps` are done (PyTorch's LinearLR).
 *
 * @throws VitaminError `USAGE` for a start outside [0, 1] or a number of steps that is not positive.
 * @example
 * ```ts
 * import { multiStepRate, warmUp } from '@vitamin-vlm/graph';
 * const rate = warmUp(multiStepRate(1e-4, { milestones: [32_000] }), { steps: 250, start: 0.001 });
 * console.log(rate(1), rate(251)); // 1e-7, 1e-4
 * ```
 */
export function warmUp(rate: Rate, { steps, start = 0 }: { readonly steps: number; readonly start?: number }): Rate {
  if (!(steps > 0) || !(start >= 0 && start <= 1))
    throw new VitaminError('USAGE', `Expected a positive number of steps and a start in [0, 1] but received ${steps} and ${start}`);
  return (step) => rate(step) * (1 - (1 - start) * (1 - Math.min((step - 1) / steps, 1)));
}
