import type { Curves } from './curves.ts';
import { formatFixed } from './format.ts';
import { pairwiseMean } from './pairwise-mean.ts';
import type { EvalParams } from './params.ts';
import type { IouType } from './types.ts';

/** One number of the summary: average precision or recall at some IoU, size class and detection limit. */
export interface SummaryLine {
  /** Short name, like `AP50` or `AR@100`. */
  readonly name: string;
  readonly kind: 'AP' | 'AR';
  /** One threshold, or the mean over all when absent. */
  readonly iouThr?: number | undefined;
  readonly area: string;
  readonly maxDets: number;
  readonly value: number;
}

/** The numbers of a summary and the text that the reference prints, line by line. */
export interface Summary {
  readonly lines: readonly SummaryLine[];
  readonly stats: readonly number[];
  readonly text: string;
}

/** A number asked for. */
export type SummaryRequest = Omit<SummaryLine, 'value'>;

/** The detection limits that the reference's summary takes for granted. */
export const REFERENCE_LIMIT: Readonly<Record<IouType, number>> = { bbox: 100, segm: 100, boundary: 100, keypoints: 20 };

/**
 * The 12 numbers for boxes and masks, 10 for keypoints (cocoeval.py, summarize).
 * Mode `reference`: the first AP is at maxDets 100 and -1 when that is not in the list; the others are at the third limit. Mode `fixed`: all at the
 * largest limit. With fewer than three limits, where the reference fails, the last one stands in.
 */
export function summarize(curves: Curves, params: EvalParams): Summary {
  const requests = params.iouType === 'keypoints' ? keypointRequests(params) : detectionRequests(params);
  const lines = requests.map((request) => ({ ...request, value: summaryMean(curves, params, request) }));
  return { lines, stats: lines.map((line) => line.value), text: lines.map((line) => `${formatLine(line, params)}\n`).join('') };
}

function ap(name: string, area: string, maxDets: number, iouThr?: number): SummaryRequest {
  return { name, kind: 'AP', iouThr, area, maxDets };
}

function ar(name: string, area: string, maxDets: number): SummaryRequest {
  return { name, kind: 'AR', area, maxDets };
}

function detectionRequests(params: EvalParams): SummaryRequest[] {
  const { maxDets, mode } = params;
  const last = maxDets[maxDets.length - 1]!;
  const first = maxDets[0]!;
  const second = maxDets[1] ?? last;
  const third = mode === 'reference' ? (maxDets[2] ?? last) : last;
  const headline = mode === 'reference' && maxDets.length >= 3 ? REFERENCE_LIMIT[params.iouType] : last;
  return [
    ap('AP', 'all', headline),
    ap('AP50', 'all', third, 0.5),
    ap('AP75', 'all', third, 0.75),
    ap('APs', 'small', third),
    ap('APm', 'medium', third),
    ap('APl', 'large', third),
    ar(`AR@${first}`, 'all', first),
    ar(`AR@${second}`, 'all', second),
    ar(`AR@${third}`, 'all', third),
    ar('ARs', 'small', third),
    ar('ARm', 'medium', third),
    ar('ARl', 'large', third),
  ];
}

function keypointRequests({ maxDets, mode }: EvalParams): SummaryRequest[] {
  const limit = mode === 'reference' ? REFERENCE_LIMIT.keypoints : maxDets[maxDets.length - 1]!;
  return (['AP', 'AR'] as const).flatMap((kind) => [
    { name: kind, kind, area: 'all', maxDets: limit },
    { name: `${kind}50`, kind, area: 'all', maxDets: limit, iouThr: 0.5 },
    { name: `${kind}75`, kind, area: 'all', maxDets: limit, iouThr: 0.75 },
    { name: `${kind}m`, kind, area: 'medium', maxDets: limit },
    { name: `${kind}l`, kind, area: 'large', maxDets: limit },
  ]);
}

/**
 * Mean over thresholds, recall points and categories of what is not -1; -1 when nothing is left.
 *
 * @param categories positions in `catIds`; absent: all
 */
export function summaryMean(
  curves: Curves,
  params: EvalParams,
  { kind, iouThr, area, maxDets }: SummaryRequest,
  categories?: readonly number[],
): number {
  const [T, R, K, A, M] = curves.counts;
  const areas = indexesOf(params.areaRngLbl, area);
  const limits = indexesOf(params.maxDets, maxDets);
  const thresholds = iouThr === undefined ? [...Array(T).keys()] : indexesOf(params.iouThrs, iouThr);
  const source = kind === 'AP' ? curves.precision : curves.recall;
  // A repeated label or limit selects several columns; numpy pairs the two index lists, stretching one of length 1.
  const columns = Math.min(areas.length, limits.length) === 0 ? 0 : Math.max(areas.length, limits.length);
  const cells = Int32Array.from({ length: columns * (categories?.length ?? K) }, (_, i) => {
    const [k, c] = [Math.floor(i / columns), i % columns];
    return ((categories?.[k] ?? k) * A + areas[areas.length === 1 ? 0 : c]!) * M + limits[limits.length === 1 ? 0 : c]!;
  });
  const points = kind === 'AP' ? R : 1;
  const values = new Float64Array(thresholds.length * points * cells.length);
  let n = 0;
  for (const t of thresholds) {
    for (let r = 0; r < points; r++) n = collect(source, (t * points + r) * K * A * M, cells, values, n);
  }
  return n === 0 ? -1 : pairwiseMean(values, n);
}

/** Appends what is not -1 of the cells behind `from`; returns the new length. */
function collect(source: Float64Array, from: number, cells: Int32Array, values: Float64Array, length: number): number {
  for (let i = 0; i < cells.length; i++) {
    const value = source[from + cells[i]!]!;
    if (value > -1) values[length++] = value;
  }
  return length;
}

function indexesOf<T>(list: readonly T[], wanted: T): number[] {
  return [...list.keys()].filter((i) => list[i] === wanted);
}

/** The reference's line; `more` goes behind the detection limit. */
export function formatLine({ kind, iouThr, area, maxDets, value }: SummaryLine, params: EvalParams, more = ' '): string {
  const title = (kind === 'AP' ? 'Average Precision' : 'Average Recall').padEnd(18);
  const iou = iouThr === undefined ? iouRange(params.iouThrs) : formatFixed(iouThr, 2);
  return ` ${title} (${kind}) @[ IoU=${iou.padEnd(9)} | area=${area.padStart(6)} | maxDets=${String(maxDets).padStart(3)}${more}] = ${formatFixed(value, 3)}`;
}

/** First and last threshold, as in `0.50:0.95`. */
function iouRange(iouThrs: readonly number[]): string {
  return `${formatFixed(iouThrs[0]!, 2)}:${formatFixed(iouThrs[iouThrs.length - 1]!, 2)}`;
}
