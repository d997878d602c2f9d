import { formatLine, summaryMean } from '../coco/summarize.ts';
import type { SummaryLine } from '../coco/summarize.ts';
import { renderReport } from '../report/page.ts';
import { reportClasses, reportConfusion, reportCurves, reportTide, reportWorst } from '../report/report-data.ts';
import type { ReportMetric } from '../report/types.ts';
import type { GroupResult } from '../splits/evaluate-split.ts';
import type { DetectionOutcome } from './detection.ts';
import { stem } from './files.ts';
import type { CommandLine } from './options.ts';
import { splitText } from './split.ts';
import { confusionText, perClassText, tideText } from './sections.ts';

const standardAreas: readonly string[] = ['all', 'small', 'medium', 'large'];

/** AP and AR of size classes that the reference does not know. */
function extraLines({ evaluation }: DetectionOutcome): SummaryLine[] {
  const { curves, params } = evaluation;
  const maxDets = params.maxDets.at(-1)!;
  return params.areaRngLbl
    .filter((area) => !standardAreas.includes(area))
    .flatMap((area) =>
      (['AP', 'AR'] as const).map((kind) => {
        const request = { name: `${kind} ${area}`, kind, area, maxDets };
        return { ...request, value: summaryMean(curves, params, request) };
      }),
    );
}

/** The printed text: the reference's lines, byte for byte, then what was asked for. */
export function detectionText(outcome: DetectionOutcome, { values }: CommandLine): string {
  const { evaluation, tide, confusion, split, nameOf } = outcome;
  const extra = extraLines(outcome).map((line) => `${formatLine(line, evaluation.params)}\n`);
  const parts = [evaluation.summary.text + extra.join('')];
  if (split) parts.push(splitText(split.name, split.results));
  if (values['per-class']) parts.push(perClassText(evaluation.perCategory()));
  if (values.tide && tide) parts.push(tideText(tide));
  if (values.confusion && confusion) parts.push(confusionText(confusion, nameOf));
  return parts.join('\n');
}

/** The JSON document: fixed key order, no date, so that two runs can be compared byte by byte. */
export function detectionDocument(outcome: DetectionOutcome, line: CommandLine): object {
  const { evaluation, lvis, tide, confusion, split, nameOf, source } = outcome;
  const { iouType, mode, params, stats, metrics, perCategory, warnings } = evaluation.toJSON();
  const extra = Object.fromEntries(extraLines(outcome).map(({ name, value }) => [name, value]));
  const width = (confusion?.categoryIds.length ?? 0) + 1;
  return {
    schemaVersion: 1,
    style: lvis ? 'lvis' : 'coco',
    groundTruth: line.groundTruth,
    results: line.results,
    iouType,
    mode,
    params,
    counts: { annotations: source.gt.count, results: source.dt.count },
    stats,
    metrics: { ...metrics, ...extra },
    ...(split && { split: { name: split.name, groups: split.results } }),
    ...(line.values['per-class'] && { perCategory }),
    ...(line.values.tide && { tide }),
    ...(line.values.confusion &&
      confusion && {
        confusion: {
          iouThr: 0.5,
          categoryIds: confusion.categoryIds,
          categories: confusion.categoryIds.map(nameOf),
          counts: Array.from({ length: width }, (_, row) => [...confusion.counts.subarray(row * width, (row + 1) * width)]),
        },
      }),
    warnings,
  };
}

const worstShown = 12;

/** The report page. */
export function detectionPage(outcome: DetectionOutcome, line: CommandLine): string {
  const { evaluation, lvis, tide, confusion, split, source, crossClass, nameOf } = outcome;
  const { curves, params, summary, warnings, context } = evaluation;
  const words: Record<string, string> = { r: 'rare', c: 'common', f: 'frequent' };
  const groups = split
    ? new Map(Object.entries(split.groups).flatMap(([group, ids]) => ids.map((id) => [id, group] as const)))
    : new Map(context.categories.map(({ id, frequency }) => [id, lvis ? words[frequency ?? ''] : undefined] as const));
  return renderReport({
    title: stem(line.results),
    facts: [
      stem(line.groundTruth),
      `${lvis ? 'LVIS ' : ''}${params.iouType}`,
      `${params.imgIds.length} images`,
      `${params.catIds.length} categories`,
      `${source.gt.count} objects`,
      `${source.dt.count} detections`,
    ],
    metrics: [...metricsOf(summary.lines), ...splitMetrics(split?.results ?? [])],
    curves: reportCurves(curves, params.iouThrs),
    classes: reportClasses(evaluation.perCategory(), curves, (id) => groups.get(id)),
    ...(confusion && { confusion: reportConfusion(confusion, 0.5, nameOf) }),
    ...(tide && { tide: reportTide(tide) }),
    worst: reportWorst(source, crossClass, nameOf, worstShown),
    summary: summary.text,
    warnings: warnings.map(({ count, message, firstIndex }) => `${count} ${message} (first: entry ${firstIndex})`),
  });
}

/** AP50 of each group on a line of its own. */
function splitMetrics(groups: readonly GroupResult[]): ReportMetric[] {
  return groups.map(({ group, ap50, counted }, i) => ({
    name: `AP50 ${group}`,
    value: ap50 === null ? null : ap50 / 100,
    note: `${counted} classes`,
    newLine: i === 0,
  }));
}

/** The summary's numbers with a few words each; AP of groups and AR start lines of their own. */
function metricsOf(lines: readonly SummaryLine[]): ReportMetric[] {
  const firstOf = new Set([lines.findIndex(({ kind }) => kind === 'AR'), lines.findIndex(({ name }) => name === 'APr')]);
  return lines.map(({ name, kind, iouThr, area, maxDets, value }, i) => {
    const detections = kind === 'AR' ? `${maxDets} ${maxDets === 1 ? 'detection' : 'detections'}` : 'mean over IoU';
    const group = { APr: 'rare classes', APc: 'common classes', APf: 'frequent classes' }[name];
    const note = group ?? (iouThr === undefined ? (area === 'all' ? detections : `${area} objects`) : `IoU ${iouThr.toFixed(2)}`);
    return { name, value, note, newLine: firstOf.has(i) };
  });
}
