import type { Curves } from '../coco/curves.ts';
import type { EvalParams } from '../coco/params.ts';
import type { EvaluationContext } from '../coco/types.ts';
import { formatLine, type Summary, type SummaryLine, type SummaryRequest, summaryMean } from '../coco/summarize.ts';

/** Categories by the number of training images: rare (under 10), common (under 100), frequent. */
const FREQUENCIES = ['r', 'c', 'f'] as const;
const AREAS = ['small', 'medium', 'large'] as const;

/** The 13 numbers and lines (lvis-api, eval.py `summarize` and `print_results`). */
export function summarizeLvis(curves: Curves, params: EvalParams, context: EvaluationContext): Summary {
  const maxDets = params.maxDets[params.maxDets.length - 1]!;
  const unlimited: EvalParams = { ...params, maxDets: [Infinity] };
  const frequencyOf = new Map(context.categories.map((category) => [category.id, category.frequency]));
  const lines: SummaryLine[] = [];
  const text: string[] = [];
  const add = (request: Omit<SummaryRequest, 'maxDets'>, group?: string): void => {
    const positions =
      group === undefined ? undefined : [...params.catIds.keys()].filter((k) => frequencyOf.get(params.catIds[k]!) === group);
    // Without categories there is one curve for all; a frequency that occurs at all gets it.
    const chosen = params.useCats || positions?.length === 0 ? positions : undefined;
    const value = summaryMean(curves, unlimited, { ...request, maxDets: Infinity }, chosen);
    const line = { ...request, maxDets, value };
    lines.push(line);
    // The reference prints only the first letter of a size class.
    const letter = request.area === 'all' ? 'all' : request.area.slice(0, 1);
    text.push(`${formatLine({ ...line, area: letter }, params, ` catIds=${(group ?? 'all').padStart(3)}`)}\n`);
  };
  add({ name: 'AP', kind: 'AP', area: 'all' });
  add({ name: 'AP50', kind: 'AP', area: 'all', iouThr: 0.5 });
  add({ name: 'AP75', kind: 'AP', area: 'all', iouThr: 0.75 });
  for (const area of AREAS) add({ name: `AP${area.slice(0, 1)}`, kind: 'AP', area });
  for (const group of FREQUENCIES) add({ name: `AP${group}`, kind: 'AP', area: 'all' }, group);
  add({ name: `AR@${maxDets}`, kind: 'AR', area: 'all' });
  for (const area of AREAS) add({ name: `AR${area.slice(0, 1)}@${maxDets}`, kind: 'AR', area });
  return { lines, stats: lines.map((line) => line.value), text: text.join('') };
}
