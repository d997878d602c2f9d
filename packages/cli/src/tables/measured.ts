import { VitaminError } from '@vitamin-vlm/core';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

/** Numbers of evaluations of one model. */
export interface MeasuredRow {
  /** Names of the folders. */
  readonly name: string;
  /** 0 to 100 by the keys of columns; points as they are. */
  readonly cells: Readonly<Record<string, number>>;
}

/** Numbers that stand in no column: a folder, and some of its metrics, 0 to 1 as they are. */
export interface OtherRun {
  readonly name: string;
  readonly task: string;
  readonly metrics: Readonly<Record<string, number>>;
}

/** What a folder's metrics fill: the table, and for each of its columns the metric. */
interface Place {
  readonly table: string;
  readonly columns: Readonly<Record<string, string>>;
}

type Json = Readonly<Record<string, unknown>>;

/** Metrics of a run that stands in no table. */
const SHOWN = 6;

const segmentColumns: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'ade20k-150': { pq_ade20k: 'PQ', miou_A_150: 'mIoU' },
  cityscapes: { pq_cityscapes: 'PQ' },
  mapillary: { pq_mapillary: 'PQ' },
  'ade20k-847': { miou_A_847: 'mIoU' },
  'pcontext-459': { miou_PC_459: 'mIoU' },
  'pcontext-59': { miou_PC_59: 'mIoU' },
  'voc-21': { miou_PAS_21: 'mIoU' },
};

const answerColumns: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  vqav2: { VQAv2: 'accuracy' },
  gqa: { GQA: 'accuracy' },
  vizwiz: { VizWiz: 'accuracy' },
  sqa: { SQA: 'accuracy with picture' },
  textvqa: { TextVQA: 'accuracy' },
  pope: { POPE: 'f1' },
  mme: { MME: 'perception' },
  mmbench: { MMBench: 'accuracy' },
  'mmbench-cn': { MMBench_CN: 'accuracy' },
  seed: { SEED: 'accuracy' },
  'llava-wild': { LLaVA_Wild: 'ratio all' },
};

const clipAverages = { imagenet: 'imagenet', avg38: 'avg38', dist_shift: 'dist_shift', vtab: 'vtab', retrieval: 'retrieval' };

function columnsOf(table: string, columns: Readonly<Record<string, string>> | undefined): Place | undefined {
  return columns && { table, columns };
}

/** Which columns an evaluation fills, by what its run.json says. */
function placeOf({ task, data }: Json): Place | undefined {
  const { split, dataset, name, benchmark } = (data ?? {}) as Json;
  switch (task) {
    case 'suite':
      return { table: 'clip', columns: clipAverages };
    case 'classify':
      return columnsOf('clip', name === 'imagenet1k' ? { imagenet: 'main' } : undefined);
    case 'detect': {
      const kind = (split as Json | null)?.['name'];
      return columnsOf(
        'detection',
        kind === 'ov-coco' ? { ovcoco_novel_ap50: 'AP50 novel' } : kind === 'ov-lvis' ? { ovlvis_apr: 'APr' } : undefined,
      );
    }
    case 'segment':
      return columnsOf('segmentation', segmentColumns[String(dataset)]);
    case 'answer':
      return columnsOf('llava', answerColumns[String(benchmark)]);
    default:
      return undefined;
  }
}

/**
 * Reads the metrics of evaluations, and puts them where they belong: a line for each model in each table.
 *
 * @throws VitaminError `INPUT_NOT_FOUND` for a folder without an evaluation, `INPUT_UNREADABLE` for one that is damaged.
 */
export async function readMeasured(folders: readonly string[]): Promise<{ rows: ReadonlyMap<string, MeasuredRow[]>; others: OtherRun[] }> {
  const byModel = new Map<string, { table: string; names: string[]; cells: Record<string, number> }>();
  const others: OtherRun[] = [];
  for (const folder of folders) {
    const metrics = numbersOf(await readJson(folder, 'metrics.json'));
    const settings = ((await readJson(folder, 'run.json'))['settings'] ?? {}) as Json;
    const name = basename(resolve(folder));
    const place = placeOf(settings);
    const cells = Object.entries(place?.columns ?? {}).flatMap(([column, metric]) =>
      metrics[metric] === undefined ? [] : [[column, column === 'MME' ? metrics[metric] : 100 * metrics[metric]] as const],
    );
    if (!place || cells.length === 0) {
      others.push({ name, task: String(settings['task']), metrics: Object.fromEntries(Object.entries(metrics).slice(0, SHOWN)) });
      continue;
    }
    const model = createHash('sha256')
      .update(JSON.stringify([place.table, settings['model']]))
      .digest('hex');
    const known = byModel.get(model) ?? { table: place.table, names: [], cells: {} };
    byModel.set(model, { ...known, names: [...known.names, name], cells: { ...known.cells, ...Object.fromEntries(cells) } });
  }
  const rows = new Map<string, MeasuredRow[]>();
  for (const { table, names, cells } of byModel.values()) rows.set(table, [...(rows.get(table) ?? []), { name: names.join(', '), cells }]);
  return { rows, others };
}

function numbersOf(metrics: Json): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter((entry): entry is [string, number] => Number.isFinite(entry[1])));
}

async function readJson(folder: string, name: string): Promise<Json> {
  const path = join(folder, name);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new VitaminError('INPUT_NOT_FOUND', `Expected a scored evaluation in ${folder} but found no ${name}`, {
      cause,
      hint: 'Name the folders that -o of vitamin eval detect, segment, classify, suite or answer was given.',
    });
  });
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // told below
  }
  throw new VitaminError('INPUT_UNREADABLE', `Expected an object as JSON in ${path} but found something else`);
}
