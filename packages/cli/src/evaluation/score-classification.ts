import { retrievalRecall } from '@vitamin-vlm/backbone';
import { tensor, type Tensor, VitaminError } from '@vitamin-vlm/core';
import type { Outcome } from '@vitamin-vlm/runs';
import { associationMetrics, classificationMetrics, type Prediction } from '../data-sets/classification-metrics.ts';
import { dataCompTasks } from '../data-sets/datacomp-tasks.data.ts';
import { openZeroShotData } from '../data-sets/open-zero-shot-data.ts';
import type { ZeroShotData } from '../data-sets/zero-shot-data.ts';
import { table } from '../text.ts';
import type { Places, Scorer, Settings } from './evaluation.ts';
import { percent } from './segment-scores.ts';

/** What came of one sample. */
export type ZeroShotResult =
  | Prediction
  /** Vectors of a picture and of its captions, as numbers of 32 bits in base64. */
  | { readonly picture: string; readonly captions: string; readonly count: number }
  | { readonly candidates: number; readonly jaccard: number };

/** What the numbers depend on, of all that a run depends on. */
export interface ZeroShotSettings {
  /** DataComp's name of the data set, or that of its folder. */
  readonly name: string;
  readonly kind: ZeroShotData['kind'];
  readonly samples: number;
  readonly classes: number | null;
}

/** The scorer of an evaluation that was run elsewhere. @throws VitaminError `USAGE` when the data set is another one. */
export async function openZeroShotScorer(settings: Settings, places: Places, signal: AbortSignal): Promise<Scorer<ZeroShotResult>> {
  const run = settings['data'] as ZeroShotSettings;
  const folder = places['root'] ?? places['dataset'];
  if (folder === undefined) {
    throw new VitaminError('USAGE', 'Expected to know where the data set is but no shard says so', { hint: 'Add --root DIR.' });
  }
  const data = await openZeroShotData(folder);
  if (data.kind !== run.kind || data.items.length < run.samples) {
    throw new VitaminError(
      'USAGE',
      `Expected the data set that was evaluated, of ${run.samples} samples, but ${folder} has ${data.items.length}`,
    );
  }
  return zeroShotScorer(data, run, { dataset: folder }, signal);
}

/** Turns what came of all samples into the numbers of DataComp and CLIP_benchmark; `main` is the one that stands for the data set. */
export function zeroShotScorer(
  data: ZeroShotData,
  settings: ZeroShotSettings,
  places: Places,
  signal: AbortSignal,
): Scorer<ZeroShotResult> {
  return {
    places,
    async score(_, outcomes) {
      const metrics = await metricsOf(data, settings, outcomes, signal);
      const main = dataCompTasks[settings.name]?.metric ?? Object.keys(metrics)[0]!;
      const value = metrics[main] ?? null;
      return { metrics: { main: value, ...metrics }, text: textOf(settings, main, metrics) };
    },
  };
}

type Metrics = Record<string, number | null>;

async function metricsOf(
  data: ZeroShotData,
  { name, classes, samples }: ZeroShotSettings,
  outcomes: AsyncIterable<Outcome<ZeroShotResult>>,
  signal: AbortSignal,
): Promise<Metrics> {
  if (data.kind === 'classify') {
    const predictions: Prediction[] = [];
    for await (const outcome of outcomes) {
      predictions.push('error' in outcome ? await missedBy(data, outcome.index) : (outcome.result as Prediction));
    }
    return classificationMetrics(predictions, classes!, dataCompTasks[name]);
  }
  if (data.kind === 'associations') {
    const scores: { candidates: number; jaccard: number }[] = [];
    for await (const outcome of outcomes) {
      const missed = 'error' in outcome ? (await data.read(outcome.index)).candidates.size : undefined;
      scores.push('error' in outcome ? { candidates: missed!, jaccard: 0 } : (outcome.result as { candidates: number; jaccard: number }));
    }
    return associationMetrics(scores);
  }
  return await recallOf(data, samples, outcomes, signal);
}

/** A picture that could not be read, with nothing predicted. Its label may be readable still. */
async function missedBy(data: Extract<ZeroShotData, { kind: 'classify' }>, index: number): Promise<Prediction> {
  const { target, fields } = await data.read(index);
  return { target, top: [], fields };
}

const KS = [1, 5, 10] as const;

async function recallOf(
  data: Extract<ZeroShotData, { kind: 'retrieval' }>,
  samples: number,
  outcomes: AsyncIterable<Outcome<ZeroShotResult>>,
  signal: AbortSignal,
): Promise<Metrics> {
  const pictures: Float32Array[] = [];
  const captions: Float32Array[] = [];
  const owners: number[] = [];
  let lost = 0;
  for await (const outcome of outcomes) {
    if ('error' in outcome) {
      lost += (await data.read(outcome.index)).captions.length;
      continue;
    }
    const found = outcome.result as { picture: string; captions: string; count: number };
    for (let i = 0; i < found.count; i++) owners.push(pictures.length);
    pictures.push(unpacked(found.picture));
    captions.push(unpacked(found.captions));
  }
  // What could not be read is found by nothing and finds nothing.
  const [ofPictures, ofCaptions] = [pictures.length / samples, owners.length / (owners.length + lost)];
  const { imageRetrieval, textRetrieval } =
    pictures.length === 0
      ? { imageRetrieval: {} as Record<number, number>, textRetrieval: {} as Record<number, number> }
      : await retrievalRecall(joined(pictures, pictures.length), joined(captions, owners.length), owners, { ks: KS, signal });
  const entries = KS.flatMap((k) => [
    [`image_retrieval_recall@${k}`, (imageRetrieval[k] ?? 0) * (ofCaptions || 0)] as const,
    [`text_retrieval_recall@${k}`, (textRetrieval[k] ?? 0) * ofPictures] as const,
  ]);
  const metrics = Object.fromEntries(entries);
  return { 'mean_recall@1': (metrics['image_retrieval_recall@1']! + metrics['text_retrieval_recall@1']!) / 2, ...metrics };
}

function unpacked(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return new Float32Array(Uint8Array.from(bytes).buffer); // aligned
}

function joined(parts: readonly Float32Array[], rows: number): Tensor<'float32'> {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const all = tensor('float32', [rows, size / rows]);
  let at = 0;
  for (const part of parts) {
    all.data.set(part, at);
    at += part.length;
  }
  return all;
}

function textOf({ name, samples, classes }: ZeroShotSettings, main: string, metrics: Metrics): string {
  const title = `${dataCompTasks[name]?.name ?? name}: ${samples} samples${classes === null ? '' : `, ${classes} classes`}`;
  const rows = Object.entries(metrics).map(([metric, value]) => [metric === main ? `${metric} *` : metric, percent(value)]);
  return `${title}\n${table(rows, [1])}\n* stands for the data set`;
}
