import type { Evaluation } from '../coco/evaluation.ts';
import type { CategorySplit } from '../splits/split.ts';
import type { CategoryNumbers } from './resample.ts';

/** A mean over categories that can be drawn again. */
export interface MetricRequest {
  readonly kind: 'AP' | 'AR';
  /** Position of the area range. */
  readonly area: number;
  /** Position of one threshold; absent: all. */
  readonly threshold?: number;
  /** Positions of the categories; absent: all. */
  readonly categories?: readonly number[];
}

/** A number of the summary or of a group; without a request its limit is not the largest, and it is not drawn again. */
export interface MetricPlan {
  readonly name: string;
  readonly request?: MetricRequest;
}

/** How each number of an evaluation is made of the numbers of its categories. */
export function planMetrics({ summary, params, scheme, context }: Evaluation, split: CategorySplit | undefined): MetricPlan[] {
  const largest = params.maxDets.at(-1)!;
  const at = (iouThr: number | undefined): number => (iouThr === undefined ? -1 : params.iouThrs.indexOf(iouThr));
  const positions = (wanted: (k: number) => boolean): number[] => [...params.catIds.keys()].filter(wanted);
  const frequencies = new Map(context.categories.map(({ id, frequency }) => [id, frequency]));
  const lines = summary.lines.map(({ name, kind, iouThr, area, maxDets }): MetricPlan => {
    const [a, t] = [params.areaRngLbl.indexOf(area), at(iouThr)];
    if (maxDets !== largest || a < 0 || (iouThr !== undefined && t < 0)) return { name };
    const group = scheme.name === 'lvis' && params.useCats ? /^AP([rcf])$/.exec(name)?.[1] : undefined;
    const categories = group === undefined ? {} : { categories: positions((k) => frequencies.get(params.catIds[k]!) === group) };
    return { name, request: { kind, area: a, ...(t >= 0 && { threshold: t }), ...categories } };
  });
  const groups = split ? [...Object.entries(split.groups), ['all', Object.values(split.groups).flat()] as const] : [];
  const grouped = groups.flatMap(([group, ids]): MetricPlan[] => {
    const keys = new Set(ids.map((id) => context.keys.find(id)));
    const request = { kind: 'AP', area: 0, categories: positions((k) => keys.has(params.catIds[k])) } as const;
    return [
      { name: `AP50_${group}`, request: { ...request, threshold: params.iouThrs.indexOf(0.5) } },
      { name: `AP_${group}`, request },
    ];
  });
  return [...lines, ...grouped];
}

/** The mean that is asked for; NaN when no category counts. */
export function valueOf({ kind, threshold, categories }: MetricRequest, { ap, recall }: CategoryNumbers, classes: number): number {
  const source = kind === 'AP' ? ap : recall;
  const [from, to] = threshold === undefined ? [0, source.length / classes] : [threshold, threshold + 1];
  let sum = 0;
  let n = 0;
  for (let t = from; t < to; t++) {
    for (let i = 0; i < (categories?.length ?? classes); i++) {
      const value = source[t * classes + (categories?.[i] ?? i)]!;
      if (Number.isNaN(value)) continue;
      sum += value;
      n++;
    }
  }
  return n === 0 ? NaN : sum / n;
}
