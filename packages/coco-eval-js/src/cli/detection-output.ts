import { calibrationText } from './calibration-text.ts';
import { labelErrorDocument, labelErrorText } from './label-error-text.ts';
import { formatLine, summaryMean } from '../coco/summarize.ts';
import type { SummaryLine } from '../coco/summarize.ts';
import { metricsCsv } from './csv.ts';
import { runDetection } from './detection.ts';
import type { DetectionOutcome } from './detection.ts';
import type { CommandLine } from './options.ts';
import { splitText } from './split.ts';
import { refuse } from './parameters.ts';
import type { Progress } from './progress.ts';
import { confusionText, perClassCsv, perClassText, tideText } from './sections.ts';
import type { Shown } from './shown.ts';

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
function detectionText(outcome: DetectionOutcome, { values }: CommandLine): string {
  const { evaluation, tide, confusion, split, nameOf } = outcome;
  const extra = extraLines(outcome).map((line) => `${formatLine(line, evaluation.params)}\n`);
  const parts = [evaluation.summary.text + extra.join('')];
  if (split) parts.push(splitText(split.name, split.results.groups));
  if (values['per-class']) parts.push(perClassText(evaluation.perCategory()));
  if (values.calibration && outcome.calibration) parts.push(calibrationText(outcome.calibration, values['per-class'] === true));
  if (values['label-errors'] && outcome.labelErrors) parts.push(labelErrorText(outcome.labelErrors, outcome.named));
  if (values.tide && tide) parts.push(tideText(tide));
  if (values.confusion && confusion) parts.push(confusionText(confusion, nameOf));
  return parts.join('\n');
}

/** All metrics by name: the summary's, those of other size classes and those of a split's groups. */
function allMetrics(outcome: DetectionOutcome): Readonly<Record<string, number>> {
  const extra = extraLines(outcome).map(({ name, value }) => [name, value] as const);
  return { ...outcome.evaluation.metrics, ...Object.fromEntries(extra), ...outcome.split?.results.metrics };
}

/** The metrics, or with `--per-class` the categories. */
function detectionCsv(outcome: DetectionOutcome, { values }: CommandLine): string {
  return values['per-class'] ? perClassCsv(outcome.evaluation.perCategory()) : metricsCsv(allMetrics(outcome));
}

/** The JSON document: fixed key order, no date, so that two runs can be compared byte by byte. */
function detectionDocument(outcome: DetectionOutcome, line: CommandLine): object {
  const { evaluation, tide, confusion, split, nameOf, source, warnings } = outcome;
  const { iouType, mode, params, stats, perCategory } = evaluation.toJSON();
  const width = (confusion?.categoryIds.length ?? 0) + 1;
  return {
    schemaVersion: 1,
    style: evaluation.scheme.name,
    ...(source ? { groundTruth: line.groundTruth, results: line.results } : { shards: line.files }),
    iouType,
    mode,
    params,
    ...(source && { counts: { annotations: source.gt.count, results: source.dt.count } }),
    stats,
    metrics: allMetrics(outcome),
    ...(split && { split: { name: split.name, remark: outcome.remark, groups: split.results.groups } }),
    ...(line.values['per-class'] && { perCategory }),
    ...(line.values.calibration && { calibration: outcome.calibration }),
    ...(line.values['label-errors'] && { labelErrors: outcome.labelErrors?.map((error) => labelErrorDocument(error, outcome.named)) }),
    ...(line.values.tide && { tide }),
    ...(line.values.confusion &&
      confusion && {
        confusion: {
          iouThr: 0.5,
          categoryIds: confusion.categoryIds.map((id) => evaluation.context.keys.shown(id)),
          categories: confusion.categoryIds.map(nameOf),
          counts: Array.from({ length: width }, (_, row) => [...confusion.counts.subarray(row * width, (row + 1) * width)]),
        },
      }),
    warnings,
  };
}

/** Boxes, masks and keypoints, COCO or LVIS. */
export async function showDetection(line: CommandLine, progress: Progress): Promise<Shown> {
  refuse(line, { without: '--panoptic or --semantic' }, ['gt-folder', 'dt-folder']);
  refuse(line, { without: '--semantic' }, ['gt-classes', 'dt-classes', 'ignore']);
  if (line.values.report === undefined) refuse(line, { without: '--report' }, ['images']);
  if (line.values['no-cats']) refuse(line, { beside: '--no-cats' }, ['tide', 'confusion', 'split', 'label-errors']);
  return shownDetection(await runDetection(line, progress), line);
}

/** The forms of an outcome. */
export function shownDetection(outcome: DetectionOutcome, line: CommandLine): Shown {
  return {
    text: () => detectionText(outcome, line),
    document: () => detectionDocument(outcome, line),
    csv: () => detectionCsv(outcome, line),
    // Loaded late: the drawings would lengthen the start of every run.
    page: async (note) => (await import('./detection-page.ts')).detectionPage(outcome, line, note),
    ...(outcome.remark !== undefined && { remark: outcome.remark }),
    warnings: outcome.warnings,
  };
}
