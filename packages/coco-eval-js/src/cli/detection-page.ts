import type { SummaryLine } from '../coco/summarize.ts';
import { renderReport } from '../report/page.ts';
import { reportClasses, reportConfusion, reportCurves, reportLabelErrors, reportTide, reportWorst } from '../report/report-data.ts';
import type { ReportData, ReportMetric } from '../report/types.ts';
import type { GroupResult } from '../splits/evaluate-split.ts';
import type { DetectionOutcome } from './detection.ts';
import { parameterFacts } from './parameter-facts.ts';
import { Pictures } from './pictures.ts';
import { stem } from './files.ts';
import type { CommandLine } from './options.ts';
import { warningText } from './shown.ts';
import { counted } from './words.ts';

const worstShown = 12;

/** The report page. */
export async function detectionPage(outcome: DetectionOutcome, line: CommandLine, note: (text: string) => void): Promise<string> {
  const { evaluation, lvis, tide, confusion, split, source, nameOf, warnings } = outcome;
  const { curves, params, summary, context } = evaluation;
  const words: Record<string, string> = { r: 'rare', c: 'common', f: 'frequent' };
  const groups = split
    ? new Map(Object.entries(split.groups).flatMap(([group, ids]) => ids.map((id) => [context.keys.key(id), group] as const)))
    : new Map(context.categories.map(({ id, frequency }) => [id, lvis ? words[frequency ?? ''] : undefined] as const));
  return renderReport({
    title: line.values.title ?? stem(line.results),
    facts: [
      ...(source ? [stem(line.groundTruth)] : [counted(line.files.length, 'shard')]),
      `${lvis ? 'LVIS ' : ''}${params.iouType}`,
      counted(params.imgIds.length, 'image'),
      counted(params.catIds.length, 'category', 'categories'),
      ...(source ? [counted(source.gt.count, 'object'), counted(source.dt.count, 'detection')] : []),
    ],
    metrics: allMetrics(summary.lines, split?.results.groups ?? []),
    curves: reportCurves(curves, params.iouThrs),
    classes: reportClasses(evaluation.perCategory(), curves, (k) => groups.get(params.catIds[k]!)),
    ...(confusion && { confusion: reportConfusion(confusion, 0.5, nameOf) }),
    ...(outcome.calibration && { calibration: outcome.calibration }),
    ...(tide && { tide: reportTide(tide) }),
    ...(await galleries(outcome, line, note)),
    parameters: parameterFacts(evaluation, line, outcome.remark),
    summary: summary.text,
    warnings: warnings.map(warningText),
  });
}

/** Single images, with their pictures where there are any. */
async function galleries(
  { source, crossClass, labelErrors, nameOf }: DetectionOutcome,
  { values }: CommandLine,
  note: (text: string) => void,
): Promise<Pick<ReportData, 'worst' | 'labelErrors'>> {
  if (source === undefined || crossClass === undefined) return {};
  const pictures = values.images === undefined ? undefined : new Pictures(values.images);
  const withPictures = async <T extends { readonly title: string }>(images: readonly T[]): Promise<T[]> => {
    const shown: T[] = [];
    for (const image of images) shown.push({ ...image, ...pictureOf(await pictures?.read(image.title)) });
    return shown;
  };
  const worst = reportWorst(source, crossClass, nameOf, worstShown);
  const doubts = labelErrors && reportLabelErrors(labelErrors, source, nameOf, worstShown);
  const found = {
    worst: { ...worst, images: await withPictures(worst.images) },
    ...(doubts && { labelErrors: { ...doubts, shown: await withPictures(doubts.shown) } }),
  };
  const missing = pictures?.remark();
  if (missing !== undefined) note(missing);
  return found;
}

function pictureOf(picture: string | undefined): { picture?: string } {
  return picture === undefined ? {} : { picture };
}

/** The summary's numbers and AP50 of each group; that of the novel classes, which a split is made for, leads. */
function allMetrics(lines: readonly SummaryLine[], groups: readonly GroupResult[]): ReportMetric[] {
  const own = groups.map(({ group, ap50, counted: classes }): ReportMetric => ({
    name: `AP50 ${group}`,
    value: ap50,
    note: counted(classes, 'class', 'classes'),
  }));
  const novel = groups.findIndex(({ group }) => group === 'novel');
  if (novel >= 0) return [own[novel]!, ...own.toSpliced(novel, 1), ...metricsOf(lines, true)];
  return [...metricsOf(lines, false), ...own.map((metric, i) => ({ ...metric, newLine: i === 0 }))];
}

/** The summary's numbers with a few words each; AP of groups and AR start lines of their own. */
function metricsOf(lines: readonly SummaryLine[], behindOthers: boolean): ReportMetric[] {
  const firstOf = new Set([
    behindOthers ? 0 : -1,
    lines.findIndex(({ kind }) => kind === 'AR'),
    lines.findIndex(({ name }) => name === 'APr'),
  ]);
  return lines.map(({ name, kind, iouThr, area, maxDets, value }, i) => {
    const detections = kind === 'AR' ? counted(maxDets, 'detection') : 'mean over IoU';
    const group = { APr: 'rare classes', APc: 'common classes', APf: 'frequent classes' }[name];
    const note = group ?? (iouThr === undefined ? (area === 'all' ? detections : `${area} objects`) : `IoU ${iouThr.toFixed(2)}`);
    return { name, value, note, newLine: firstOf.has(i) };
  });
}
