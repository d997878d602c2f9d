import { formatFixed } from '../coco/format.ts';
import type { PanopticAverage, PanopticCategory } from '../panoptic/panoptic-quality.ts';
import { renderReport } from '../report/page.ts';
import { csv, metricsCsv } from './csv.ts';
import { stem } from './files.ts';
import type { CommandLine } from './options.ts';
import { evaluatePanopticFiles } from '../node/panoptic-files.ts';
import type { PanopticOutcome } from '../node/panoptic-files.ts';
import { commonParameters, idOf, refuse } from './parameters.ts';
import type { Progress } from './progress.ts';
import { warningText } from './shown.ts';
import type { Shown } from './shown.ts';
import { decimal, table } from './table.ts';
import { counted } from './words.ts';

const parts = ['all', 'things', 'stuff'] as const;
const measures = ['pq', 'sq', 'rq'] as const;

/** The file's name for a category when it is text. */
function nameOf({ id, name }: PanopticCategory): string {
  return typeof name === 'string' ? name : String(id);
}

function percent(value: number | null): string {
  return value === null ? '-' : formatFixed(100 * value, 1);
}

function formatRow(name: string, [pq, sq, rq, n]: readonly string[]): string {
  return `${name.padEnd(10)}| ${pq!.padStart(5)}  ${sq!.padStart(5)}  ${rq!.padStart(5)} ${n!.padStart(5)}\n`;
}

/** The table of panopticapi, and the classes when asked for. */
function panopticText(outcome: PanopticOutcome, { values }: CommandLine): string {
  const { result } = outcome;
  const lines = parts.map((part) => {
    const average = result[part];
    return formatRow(`${part[0]!.toUpperCase()}${part.slice(1)}`, [
      ...measures.map((measure) => percent(average[measure])),
      String(average.n),
    ]);
  });
  const text = `${formatRow('', ['PQ', 'SQ', 'RQ', 'N'])}${'-'.repeat(38)}\n${lines.join('')}`;
  return values['per-class'] ? `${text}\n${perClass(outcome)}` : text;
}

function perClass({ result, categories }: PanopticOutcome): string {
  const rows = result.perClass.map(({ pq, sq, rq, tp, fp, fn }, i) => [
    nameOf(categories[i]!),
    ...[pq, sq, rq].map(decimal),
    ...[tp, fp, fn].map(String),
  ]);
  return table([{ title: 'category', left: true }, ...['PQ', 'SQ', 'RQ', 'TP', 'FP', 'FN'].map((title) => ({ title }))], rows);
}

/** PQ, SQ, RQ and the number of categories, of all, things and stuff; `null` where no category occurs. */
function panopticMetrics({ result }: PanopticOutcome): Record<string, number | null> {
  const suffix = { all: '', things: '_th', stuff: '_st' };
  const named = (part: (typeof parts)[number], average: PanopticAverage): [string, number | null][] => [
    ...measures.map((measure): [string, number | null] => [`${measure.toUpperCase()}${suffix[part]}`, average[measure]]),
    [`N${suffix[part]}`, average.n],
  ];
  return Object.fromEntries(parts.flatMap((part) => named(part, result[part])));
}

function panopticCsv(outcome: PanopticOutcome, { values }: CommandLine): string {
  if (!values['per-class']) return metricsCsv(panopticMetrics(outcome));
  const { result, categories } = outcome;
  const rows = result.perClass.map(({ pq, sq, rq, tp, fp, fn }, i) => [
    String(categories[i]!.id),
    nameOf(categories[i]!),
    pq,
    sq,
    rq,
    tp,
    fp,
    fn,
  ]);
  return csv([['id', 'category', 'PQ', 'SQ', 'RQ', 'TP', 'FP', 'FN'], ...rows]);
}

/** The JSON document. `stats`: PQ, SQ, RQ of all, things and stuff; `null` where no category occurs. */
function panopticDocument(outcome: PanopticOutcome, line: CommandLine): object {
  const { result, categories, images, warnings } = outcome;
  return {
    schemaVersion: 1,
    style: 'panoptic',
    groundTruth: line.groundTruth,
    results: line.results,
    mode: line.values.mode ?? 'reference',
    counts: { images, categories: categories.length },
    stats: parts.flatMap((part) => measures.map((measure) => result[part][measure])),
    metrics: panopticMetrics(outcome),
    ...(line.values['per-class'] && { perCategory: result.perClass.map((row, i) => ({ ...row, name: categories[i]!.name })) }),
    warnings,
  };
}

/** The report page. */
function panopticPage(outcome: PanopticOutcome, line: CommandLine): string {
  const { result, categories, images, warnings } = outcome;
  const words = { all: 'all categories', things: 'things', stuff: 'stuff' };
  return renderReport({
    title: line.values.title ?? stem(line.results),
    facts: [stem(line.groundTruth), 'panoptic', counted(images, 'image'), counted(categories.length, 'category', 'categories')],
    metrics: parts.flatMap((part) =>
      measures.map((measure) => ({
        name: measure.toUpperCase(),
        value: result[part][measure],
        note: `${words[part]} (${result[part].n})`,
        newLine: part !== 'all' && measure === 'pq',
      })),
    ),
    classes: {
      valueName: 'PQ',
      markName: 'SQ',
      rows: result.perClass.map(({ pq, sq, tp, fp, fn }, i) => ({
        name: nameOf(categories[i]!),
        value: tp + fp + fn ? pq : null,
        mark: tp ? sq : null,
        groundTruths: tp + fn,
        detections: tp + fp,
        group: categories[i]!.isthing ? 'thing' : 'stuff',
      })),
    },
    summary: panopticText(outcome, { ...line, values: {} }),
    warnings: warnings.map(warningText),
  });
}

/** Panoptic quality of two files and their PNG folders. */
export async function showPanoptic(line: CommandLine, progress: Progress): Promise<Shown> {
  refuse(line, { beside: '--panoptic' }, [
    'iou-type',
    'lvis',
    'crowdpose',
    'split',
    'no-cats',
    'max-dets',
    'iou-thrs',
    'sigmas',
    'area',
    'tide',
    'confusion',
    'threads',
    'shard',
    'calibration',
    'label-errors',
    'images',
  ]);
  refuse(line, { without: '--semantic' }, ['gt-classes', 'dt-classes', 'ignore']);
  const { mode, images, categories } = await commonParameters(line);
  const outcome = await evaluatePanopticFiles(line.groundTruth, line.results, {
    mode,
    imgIds: images?.map(idOf),
    catIds: categories?.map(idOf),
    gtFolder: line.values['gt-folder'],
    dtFolder: line.values['dt-folder'],
    onProgress: ({ done, total }) => progress.step('images', done, total),
  });
  return {
    text: () => panopticText(outcome, line),
    document: () => panopticDocument(outcome, line),
    csv: () => panopticCsv(outcome, line),
    page: async () => panopticPage(outcome, line),
    warnings: outcome.warnings,
  };
}
