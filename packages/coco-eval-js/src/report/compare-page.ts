import type { Comparison, ComparedMetric, Difference } from '../compare/compare.ts';
import { chart, type ChartLine } from './curves.ts';
import { escape, percent, round, section, tag, thousands } from './html.ts';
import { listTools } from './class-bars.ts';
import { htmlPage, notes, pageHead, parametersSection } from './page.ts';
import type { ReportCurve } from './types.ts';

/** What `renderComparison` draws. */
export interface ComparisonReport {
  readonly title: string;
  readonly facts: readonly string[];
  /** Of the evaluations; the first is the one that others are compared with. */
  readonly names: readonly string[];
  readonly comparison: Comparison;
  /** Of each evaluation, a curve for each threshold. */
  readonly curves: readonly (readonly ReportCurve[])[];
  readonly parameters?: readonly (readonly [name: string, value: string])[];
  readonly warnings?: readonly string[];
}

const colors = ['var(--gray)', 'var(--cool)', 'var(--warm)', 'var(--teal)', 'var(--plum)', 'var(--gold)'];
const colorOf = (i: number): string => colors[i % colors.length]!;

/** Points of AP with their sign: 0.0123 -> "+1.23". */
function points(value: number | null): string {
  if (value === null) return '–';
  const text = (100 * Math.abs(value)).toFixed(2);
  return `${Number(text) === 0 ? '' : value > 0 ? '+' : '−'}${text}`;
}

function key(names: readonly string[]): string {
  return tag(
    'ol',
    { class: 'models' },
    ...names.map((name, i) => tag('li', {}, tag('span', { class: 'swatch', style: `background:${colorOf(i)}` }), escape(name))),
  );
}

function mean(curves: readonly ReportCurve[]): number[] {
  const [first] = curves;
  return Array.from(
    { length: first?.precision.length ?? 0 },
    (_, r) => curves.reduce((sum, { precision }) => sum + precision[r]!, 0) / curves.length,
  );
}

function figure(title: string, lines: readonly ChartLine[]): string {
  return tag('div', {}, tag('h3', {}, escape(title)), chart(lines));
}

function curvesOf({ names, curves }: ComparisonReport): string {
  const lines = (of: (own: readonly ReportCurve[]) => ArrayLike<number>): ChartLine[] =>
    curves.map((own, i) => ({ title: names[i]!, color: colorOf(i), precision: of(own) }));
  const [lowest] = curves[0] ?? [];
  if (lowest === undefined) return '';
  return section(
    'Precision and recall',
    'Each line is the mean over all classes of one model.',
    tag(
      'div',
      { class: 'pair' },
      figure(
        `IoU ${lowest.iou.toFixed(2)}`,
        lines((own) => own[0]!.precision),
      ),
      figure('Mean over the IoU thresholds', lines(mean)),
    ),
  );
}

/** A difference as a bar from the middle, with its interval as a whisker. */
function whisker({ value, interval }: Difference, reach: number, i: number): string {
  const at = (share: number): number => round(50 + (50 * Math.max(-reach, Math.min(reach, share))) / reach);
  if (value === null) return tag('span', { class: 'track zero' });
  const [from, to] = [Math.min(50, at(value)), Math.max(50, at(value))];
  const range =
    interval === null
      ? ''
      : tag('span', { class: 'range', style: `left:${at(interval.low)}%;width:${round(at(interval.high) - at(interval.low))}%` });
  return tag(
    'span',
    { class: 'track zero' },
    tag('span', { class: 'fill', style: `left:${from}%;width:${round(to - from)}%;right:auto;background:${colorOf(i)}` }),
    range,
  );
}

/** Whether other images would hardly turn a difference round. */
function isSure({ interval }: Difference): boolean {
  return interval !== null && (interval.low > 0 || interval.high < 0);
}

function differenceRow({ name, values, differences }: ComparedMetric, reach: number, count: string): string {
  return tag(
    'li',
    {
      'data-name': name.toLowerCase(),
      'data-value': round(100 * (differences.at(-1)?.value ?? 0)),
      'data-count': count.replace(/\D/g, ''),
    },
    tag('span', { class: 'name' }, tag('span', {}, escape(name))),
    tag('b', {}, percent(values[0])),
    tag(
      'ol',
      { class: 'changes' },
      ...differences.map((difference, i) =>
        tag(
          'li',
          { class: isSure(difference) ? 'sure' : undefined },
          tag('b', {}, percent(values[i + 1])),
          whisker(difference, reach, i + 1),
          tag('span', { class: 'change' }, points(difference.value)),
          tag('small', {}, difference.interval === null ? '' : `${points(difference.interval.low)} to ${points(difference.interval.high)}`),
        ),
      ),
    ),
    tag('span', { class: 'count' }, count),
  );
}

/** The largest end of what is drawn. */
function reachOf(rows: readonly ComparedMetric[]): number {
  const ends = rows.flatMap(({ differences }) =>
    differences.flatMap(({ value, interval }) => [value ?? 0, interval?.low ?? 0, interval?.high ?? 0]),
  );
  return ends.reduce((most, end) => Math.max(most, Math.abs(end)), 0.001);
}

/** By which classes are sorted. */
function lastDifference({ differences }: ComparedMetric): number {
  return differences.at(-1)?.value ?? 0;
}

function hero({ names, comparison }: ComparisonReport): string {
  const [lead] = comparison.metrics;
  if (!lead) return '';
  const cards = names.map((name, i) => {
    const difference = lead.differences[i - 1];
    const range = difference?.interval ? ` (${points(difference.interval.low)} to ${points(difference.interval.high)})` : '';
    const note = i === 0 ? 'compared with' : `${points(difference!.value)}${range}`;
    return tag(
      'li',
      {},
      tag('div', { class: 'lead', style: `color:${colorOf(i)}` }, percent(lead.values[i])),
      tag('div', {}, escape(`${lead.name} ${name}`), tag('small', {}, escape(note))),
    );
  });
  return tag('section', {}, tag('ol', { class: 'leads' }, ...cards));
}

/**
 * Several evaluations on one HTML page, as `renderReport` draws one: curves of all, differences with their intervals, classes.
 *
 * @example
 * ```ts
 * import { compareEvaluations, type Evaluation, renderComparison } from 'coco-eval-js';
 * function page(before: Evaluation, after: Evaluation): string {
 *   const comparison = compareEvaluations([before, after]);
 *   return renderComparison({ title: 'before and after', facts: [], names: ['before', 'after'], comparison, curves: [] });
 * }
 * ```
 */
export function renderComparison(report: ComparisonReport): string {
  const { names, comparison } = report;
  const { metrics, perCategory, samples, confidence } = comparison;
  const classes = perCategory.filter(({ values }) => values.some((value) => value !== null));
  const intervals =
    samples > 0
      ? ` Thin line: the middle ${Number((100 * confidence).toPrecision(12))} % of ${samples} paired resamples of the images; bold where it does not hold 0.`
      : '';
  const widest = classes.reduce((width, { groundTruths }) => Math.max(width, thousands(groundTruths).length), 3);
  const without = perCategory.length - classes.length;
  const empty = without === 0 ? '' : ` Not shown: ${thousands(without)} without an object.`;
  return htmlPage(report.title, [
    pageHead(report.title, report.facts),
    hero(report),
    curvesOf(report),
    section(
      'Differences',
      `First number: ${names[0]}. Then each other one, its difference in points and where it may lie.${intervals}`,
      key(names),
      tag('ol', { class: 'differences' }, ...metrics.map((row) => differenceRow(row, reachOf(metrics), ''))),
    ),
    classes.length === 0
      ? ''
      : section(
          'Classes',
          `AP of each class, most gained first; last number: objects in the ground truth.${empty}`,
          key(names),
          listTools(classes.length, 'difference'),
          tag(
            'ol',
            { class: 'differences listed', style: `--count:${widest}ch` },
            ...classes
              .toSorted((a, b) => lastDifference(b) - lastDifference(a))
              .map((row) => differenceRow(row, reachOf(classes), thousands(row.groundTruths))),
          ),
        ),
    parametersSection(report.parameters),
    notes(report.warnings),
  ]);
}
