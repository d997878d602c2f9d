import type { Rate } from '@vitamin-vlm/graph';

/** Share of the steps that warm up. */
const WARM_UP = 0.03;

/** Steps of the warm-up: LLaVA's share of all, rounded up. */
export function warmUpSteps(total: number): number {
  return Math.ceil(WARM_UP * total);
}

/**
 * LLaVA's learning rate: it rises in a line from 0, which is the first step's rate, and falls to 0 along a cosine (transformers, get_cosine_schedule_with_warmup).
 *
 * @param base - 1e-3 in the first stage, 2e-5 in the second.
 * @example
 * ```ts
 * import { llavaRate } from '@vitamin-vlm/llava-bridge';
 * const rate = llavaRate(1e-3, 2181);
 * console.log(rate(1), rate(67)); // 0, 0.001: steps count from 1
 * ```
 */
export function llavaRate(base: number, total: number): Rate {
  const warm = warmUpSteps(total);
  return (step) => {
    const done = step - 1;
    if (done < warm) return (base * done) / Math.max(1, warm);
    return base * Math.max(0, 0.5 * (1 + Math.cos((Math.PI * (done - warm)) / Math.max(1, total - warm))));
  };
}
