import type { Evaluation } from '../coco/evaluation.ts';
import type { Warning } from '../coco/types.ts';
import { type Comparison, compareEvaluations, type Difference } from '../compare/compare.ts';
import { evaluateFile } from '../node/files.ts';
import { CocoEvalError, describe } from '../errors.ts';
import { type Cell, csv } from './csv.ts';
import { stem } from './files.ts';
import { fileOptions, inAnnotations, openAnnotations } from './opened.ts';
import { numbers } from './options.ts';
import type { CommandLine } from './options.ts';
import { refuse, threadsOf } from './parameters.ts';
import type { Progress } from './progress.ts';
import type { Shown } from './shown.ts';
import { decimal, table } from './table.ts';

/** Classes in the text when not all are asked for. */
const listed = 5;

/** Several results of one data set, side by side. */
export interface CompareOutcome {
  readonly names: readonly string[];
  readonly evaluations: readonly Evaluation[];
  readonly comparison: Comparison;
  readonly remark: string | undefined;
  readonly warnings: readonly Warning[];
}

/** `coco-eval compare GT A B...` */
export async function showComparison(line: CommandLine, progress: Progress): Promise<Shown> {
  if (line.values['no-cats']) refuse(line, { beside: '--no-cats' }, ['split']);
  const outcome = await runComparison(line, progress);
  return {
    text: () => comparisonText(outcome, line),
    document: () => comparisonDocument(outcome, line),
    csv: () => comparisonCsv(outcome, line),
    page: async () => (await import('./compare-page.ts')).comparisonPage(outcome, line),
    ...(outcome.remark !== undefined && { remark: outcome.remark }),
    warnings: outcome.warnings,
  };
}

async function runComparison(line: CommandLine, progress: Progress): Promise<CompareOutcome> {
  const { values, files } = line;
  const samples = whole('bootstrap', values.bootstrap);
  const seed = whole('seed', values.seed);
  const confidence = values.confidence === undefined ? undefined : numbers('confidence', values.confidence)[0];
  const opened = await openAnnotations(line);
  const options = { ...fileOptions(opened, progress), workers: threadsOf(line) };
  const paths = files.slice(1);
  const names = namesOf(paths);
  const evaluations: Evaluation[] = [];
  for (const [i, path] of paths.entries()) {
    const evaluation = await inAnnotations(line, async () => evaluateFile(opened.dataset, path, options));
    evaluations.push(evaluation);
    const own = evaluation.warnings.filter(
      ({ code, count }) => !opened.dataset.warnings.some((known) => known.code === code && known.count === count),
    );
    if (i === 0) opened.warnings.merge(evaluation.warnings.filter((warning) => !own.includes(warning)));
    opened.warnings.merge(
      own.map((warning) => ({ ...warning, code: `${warning.code} ${names[i]}`, message: `${warning.message} [${names[i]}]` })),
    );
  }
  const comparison = compareEvaluations(evaluations, {
    samples,
    seed,
    confidence,
    split: opened.split,
    onProgress: ({ done, total }) => progress.step('resampling', done, total),
  });
  return { names, evaluations, comparison, remark: opened.remark, warnings: opened.warnings.list() };
}

function whole(flag: 'bootstrap' | 'seed', value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new CocoEvalError('USAGE', `Expected a whole number for --${flag} but received ${describe(value)}`);
}

/** Names of the files, with as much of their folders as tells them apart. */
export function namesOf(paths: readonly string[]): string[] {
  const stems = paths.map(stem);
  return stems.map((name, i) => (stems.indexOf(name) === stems.lastIndexOf(name) ? name : paths[i]!));
}

function signed(value: number | null, digits = 3): string {
  if (value === null) return '-';
  const text = value.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : value > 0 ? `+${text}` : text;
}

function intervalText({ interval }: Difference): string {
  return interval === null ? '' : `[${signed(interval.low)}, ${signed(interval.high)}]`;
}

/** A row: its name, the first value, then of each other one its value, difference and interval. */
function cells(name: string, values: readonly (number | null)[], differences: readonly Difference[]): string[] {
  const others = differences.flatMap((difference, i) => [decimal(values[i + 1]), signed(difference.value), intervalText(difference)]);
  return [name, decimal(values[0]), ...others];
}

function comparisonText({ names, comparison }: CompareOutcome, { values }: CommandLine): string {
  const { metrics, perCategory, samples, confidence } = comparison;
  const titles = names
    .slice(1)
    .flatMap((name) => [name, 'difference', samples > 0 ? `${Number((100 * confidence).toPrecision(12))} % interval` : '']);
  const columns = (first: string): { title: string; left?: boolean }[] => [
    { title: first, left: true },
    ...[names[0]!, ...titles].map((title) => ({ title })),
  ];
  const head = table(
    columns('metric'),
    metrics.map((metric) => cells(metric.name, metric.values, metric.differences)),
  );
  const counted = perCategory.filter(({ values: aps }) => aps.some((ap) => ap !== null));
  const last = (category: (typeof counted)[number]): number => category.differences.at(-1)!.value ?? 0;
  const ranked = counted.toSorted((a, b) => last(b) - last(a));
  const gained = ranked.filter((category) => last(category) > 0).slice(0, listed);
  const lost = ranked.filter((category) => last(category) < 0).slice(-listed);
  const shown = values['per-class'] ? counted : [...gained, ...lost];
  const rows = shown.map(({ name, values: aps, differences }) => cells(name, aps, differences));
  const note =
    samples > 0
      ? `Differences from ${names[0]}; intervals of ${samples} paired resamples of the images.\n`
      : `Differences from ${names[0]}.\n`;
  if (rows.length === 0) return `${head}\n${note}`;
  const title = values['per-class'] ? 'AP of category' : 'AP, most changed';
  return `${head}\n${table(columns(title), rows)}\n${note}`;
}

function comparisonDocument({ names, evaluations, comparison, warnings }: CompareOutcome, line: CommandLine): object {
  const [first] = evaluations as [Evaluation];
  const { scheme, iouType, mode, params } = first.toJSON();
  const { samples, seed, confidence, metrics, perCategory } = comparison;
  return {
    schemaVersion: 1,
    style: 'compare',
    scheme,
    groundTruth: line.groundTruth,
    models: names.map((name, i) => ({ name, results: line.files[i + 1] })),
    iouType,
    mode,
    params,
    bootstrap: { samples, seed, confidence },
    metrics: Object.fromEntries(metrics.map(({ name, ...rest }) => [name, rest])),
    perCategory,
    warnings,
  };
}

/** The first value, then of each other one its value, difference and interval. */
function csvCells(own: readonly (number | null)[], differences: readonly Difference[]): Cell[] {
  const others = differences.flatMap(({ value, interval }, i) => [own[i + 1], value, interval?.low, interval?.high, interval?.above]);
  return [own[0], ...others];
}

function comparisonCsv({ names, comparison }: CompareOutcome, { values }: CommandLine): string {
  const others = names.slice(1).flatMap((name) => [name, `${name} difference`, `${name} low`, `${name} high`, `${name} above`]);
  if (values['per-class']) {
    const lines = comparison.perCategory.map(({ id, name, groundTruths, values: aps, differences }) => [
      String(id),
      name,
      groundTruths,
      ...csvCells(aps, differences),
    ]);
    return csv([['id', 'category', 'objects', names[0], ...others], ...lines]);
  }
  return csv([
    ['metric', names[0], ...others],
    ...comparison.metrics.map((metric) => [metric.name, ...csvCells(metric.values, metric.differences)]),
  ]);
}
