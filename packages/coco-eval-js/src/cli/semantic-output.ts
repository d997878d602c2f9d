import { formatFixed } from '../coco/format.ts';
import { evaluateSemanticFolders, type SemanticOutcome } from '../node/semantic-files.ts';
import { csv, metricsCsv } from './csv.ts';
import { CocoEvalError } from '../errors.ts';
import { numbers } from './options.ts';
import type { CommandLine } from './options.ts';
import { refuse } from './parameters.ts';
import type { Progress } from './progress.ts';
import type { Shown } from './shown.ts';
import { decimal, table } from './table.ts';

const measures = ['mIoU', 'fwIoU', 'mACC', 'pACC'] as const;
/** What means nothing for label maps. */
const elsewhere = [
  'iou-type',
  'lvis',
  'crowdpose',
  'panoptic',
  'split',
  'img-ids',
  'cat-ids',
  'no-cats',
  'max-dets',
  'iou-thrs',
  'sigmas',
  'area',
  'mode',
  'tide',
  'confusion',
  'calibration',
  'label-errors',
  'shard',
  'report',
  'title',
  'images',
  'threads',
] as const;

function percent(value: number | null): string {
  return value === null ? '-' : formatFixed(100 * value, 1);
}

function semanticText({ metrics, names }: SemanticOutcome, { values }: CommandLine): string {
  const text = table(
    measures.map((title) => ({ title })),
    [measures.map((measure) => percent(metrics[measure]))],
  );
  if (!values['per-class']) return text;
  const rows = names.map((name, i) => [name, decimal(metrics.iou[i]), decimal(metrics.accuracy[i])]);
  return `${text}\n${table([{ title: 'class', left: true }, { title: 'IoU' }, { title: 'accuracy' }], rows)}`;
}

function named({ metrics }: SemanticOutcome): Record<string, number | null> {
  return Object.fromEntries(measures.map((measure) => [measure, metrics[measure]]));
}

function perClass({ metrics, names }: SemanticOutcome): { name: string; iou: number | null; accuracy: number | null }[] {
  return names.map((name, i) => ({ name, iou: metrics.iou[i]!, accuracy: metrics.accuracy[i]! }));
}

/** mIoU and its kin of two folders of label maps. */
export async function showSemantic(line: CommandLine, progress: Progress): Promise<Shown> {
  refuse(line, { beside: '--semantic' }, elsewhere);
  const { values } = line;
  const [gtFolder, dtFolder] = [values['gt-folder'], values['dt-folder']];
  if (gtFolder === undefined || dtFolder === undefined) {
    throw new CocoEvalError(
      'USAGE',
      `Expected --gt-folder and --dt-folder beside --semantic but received ${gtFolder ?? dtFolder ?? 'none'}`,
      {
        hint: 'Example: coco-eval --semantic --gt-folder truth --dt-folder found/semantic --gt-classes classes.json',
      },
    );
  }
  const [ignore, ...more] = values.ignore === undefined ? [] : numbers('ignore', values.ignore);
  if (more.length > 0 || (ignore !== undefined && !(Number.isInteger(ignore) && ignore >= 0)))
    throw new CocoEvalError('USAGE', `Expected one value of a pixel for --ignore but received ${values.ignore}`);
  const outcome = await evaluateSemanticFolders(gtFolder, dtFolder, {
    gtClasses: values['gt-classes'],
    dtClasses: values['dt-classes'],
    ignore,
    onProgress: ({ done, total }) => progress.step('images', done, total),
  });
  return {
    text: () => semanticText(outcome, line),
    document: () => ({
      schemaVersion: 1,
      style: 'semantic',
      groundTruth: gtFolder,
      results: dtFolder,
      counts: { images: outcome.images, classes: outcome.names.length },
      metrics: named(outcome),
      ...(values['per-class'] && { perClass: perClass(outcome) }),
      warnings: outcome.warnings,
    }),
    csv: () =>
      values['per-class']
        ? csv([['class', 'IoU', 'accuracy'], ...perClass(outcome).map(({ name, iou, accuracy }) => [name, iou, accuracy])])
        : metricsCsv(named(outcome)),
    warnings: outcome.warnings,
  };
}
