import { UNLABELED, VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { panopticResult, readSegmentTruth, type SegmentData, type SegmentItem } from '@vitamin-vlm/fcclip-segmentation';
import { withCocoErrors } from '@vitamin-vlm/fvit-detection';
import { countSemanticImage, type SemanticConfusion, semanticConfusion, semanticMetrics } from 'coco-eval-js';
import { evaluateFile, evaluatePanopticFiles } from 'coco-eval-js/node';
import { join } from 'node:path';
import { type Sink, writeParts } from '../file-writer.ts';
import type { Places, Scorer, Scores, Settings } from './evaluation.ts';
import { fileDigest } from './file-digest.ts';
import { type InstanceTruth, openInstances } from './instance-truth.ts';
import { mapName, PANOPTIC, readSemanticMap, SEMANTIC, type SegmentResult, writeEmptyMaps } from './segment-predictions.ts';
import { type ClassScores, segmentScores, type WholeScores } from './segment-scores.ts';
import { openSegmentSource, type SourceSettings } from './segment-source.ts';

/** What the numbers depend on, of all that a run depends on. */
export interface SegmentDataSettings extends SourceSettings {
  /** SHA-256 of the panoptic file and of that of instances. */
  readonly annotations: string | null;
  readonly instances: string | null;
  readonly images: number;
  readonly tasks: readonly ('panoptic' | 'semantic' | 'instance')[];
  /** Classes of which the segmenter was trained on a name. */
  readonly base: readonly number[];
}

/** Marks pixels without truth, and pixels without an answer. */
const NONE = UNLABELED;

/** The scorer of segments that were found elsewhere. @throws VitaminError `USAGE` when the data set is not that of the run. */
export async function openSegmentScorer(settings: Settings, places: Places, signal: AbortSignal): Promise<Scorer<SegmentResult>> {
  const run = settings['data'] as SegmentDataSettings;
  if (places['root'] === undefined && places['images'] === undefined) {
    throw new VitaminError('USAGE', 'Expected to know where the data set is but no shard says so', { hint: 'Add --root DIR.' });
  }
  const data = await openSegmentSource(places, run, run.images);
  for (const [path, digest] of [
    [data.places.panoptic?.annotations, run.annotations],
    [run.instances === null ? undefined : data.places.instances, run.instances],
  ] as const) {
    if ((path === undefined ? null : await fileDigest(path)) === digest) continue;
    throw new VitaminError('USAGE', `Expected the annotations that were evaluated but ${path ?? 'the data set'} is another one`, {
      hint: `Add --root DIR: the data set whose file has SHA-256 ${digest}.`,
    });
  }
  return segmentScorer(data, run, places, signal);
}

/** Writes what was found in the usual formats, and evaluates it. */
export function segmentScorer(
  data: SegmentData,
  settings: SegmentDataSettings,
  places: Places,
  signal: AbortSignal,
): Scorer<SegmentResult> {
  const { tasks } = settings;
  const folders = [...(tasks.includes('panoptic') ? [PANOPTIC] : []), ...(tasks.includes('semantic') ? [SEMANTIC] : [])];
  return {
    places,
    folders,
    async score(folder, outcomes) {
      const instances = tasks.includes('instance') ? await withCocoErrors(() => openInstances(data)) : undefined;
      const confusion = tasks.includes('semantic') ? semanticConfusion(data.labels.length) : undefined;
      await writeFound(folder, data, instances, tasks, async (sinks) => {
        for await (const outcome of outcomes) {
          const item = data.items[outcome.index]!;
          if ('error' in outcome) await writeEmptyMaps(folder, item, data, folders);
          const found = 'error' in outcome ? undefined : outcome.result;
          await sinks.panoptic?.(panopticEntry(item, data, found));
          for (const entry of instanceEntries(item, instances, found)) await sinks.instances?.(entry);
          if (confusion) await countPixels(confusion, folder, item, data);
          signal.throwIfAborted();
        }
      });
      const { classes, whole, warnings } = await withCocoErrors(() => measure(folder, data, settings, { confusion, instances, signal }));
      await writeFileAtomic(join(folder, 'classes.json'), `${JSON.stringify(classes, null, 1)}\n`);
      const scores: Scores = segmentScores(classes, whole);
      return { ...scores, text: [scores.text, ...warnings.map((one) => `warning: ${one}`)].join('\n') };
    },
    report: async (folder) => await (await import('./segment-report.ts')).segmentReport(folder, settings),
  };
}

interface Sinks {
  readonly panoptic?: Sink;
  readonly instances?: Sink;
}

/** Opens `panoptic.json` and `instances.json`, an entry a line, as far as they are wanted. */
async function writeFound(
  folder: string,
  { categories }: SegmentData,
  instances: InstanceTruth | undefined,
  tasks: SegmentDataSettings['tasks'],
  work: (sinks: Sinks) => Promise<void>,
): Promise<void> {
  const withInstances = async (sinks: Sinks): Promise<void> =>
    instances
      ? await writeParts(join(folder, 'instances.json'), async (sink) => {
          const list = entries(sink);
          await sink('[');
          await work({ ...sinks, instances: list });
          await sink('\n]\n');
        })
      : await work(sinks);
  if (!tasks.includes('panoptic')) return await withInstances({});
  await writeParts(join(folder, 'panoptic.json'), async (sink) => {
    await sink('{"annotations":[');
    await withInstances({ panoptic: entries(sink) });
    await sink(`\n],"categories":${JSON.stringify(categories)}}\n`);
  });
}

/** Puts a comma before every entry but the first. */
function entries(sink: Sink): Sink {
  let first = true;
  return async (text) => {
    await sink(`${first ? '' : ','}\n${text}`);
    first = false;
  };
}

function panopticEntry(item: SegmentItem, { categories, labels, things }: SegmentData, found: SegmentResult | undefined): string {
  const segments = (found?.segments ?? []).map(([id, index, score, area, ...box]) => {
    return { id, class: index, score, area, box, label: labels[index]!.name, isThing: things[index]! };
  });
  const { imageId } = item.panoptic!;
  const categoryIds = categories!.map(({ id }) => id as number); // or text, which stays text
  return JSON.stringify(panopticResult({ segments }, { imageId, categoryIds, fileName: mapName(item) }));
}

function* instanceEntries(item: SegmentItem, truth: InstanceTruth | undefined, found: SegmentResult | undefined): Generator<string> {
  const image = truth?.imageOf(item);
  if (!truth || image === undefined || !found) return;
  const size = [found.height, found.width];
  for (const [index, score, counts] of found.instances ?? []) {
    const category = truth.categoryOf(index);
    if (category !== undefined)
      yield `{"image_id":${image},"category_id":${category},"score":${score},"segmentation":${JSON.stringify({ size, counts })}}`;
  }
}

async function countPixels(confusion: SemanticConfusion, folder: string, item: SegmentItem, data: SegmentData): Promise<void> {
  const truth = await readSegmentTruth(item, data);
  const answer = await readSemanticMap(folder, item, truth, data.labels.length);
  await withCocoErrors(async () => countSemanticImage(confusion, answer, truth.classes, { ignoreLabel: NONE, noAnswer: NONE }));
}

interface Measures {
  readonly confusion: SemanticConfusion | undefined;
  readonly instances: InstanceTruth | undefined;
  readonly signal: AbortSignal;
}

async function measure(
  folder: string,
  { labels, things, items, places, categories }: SegmentData,
  { tasks, base }: SegmentDataSettings,
  { confusion, instances, signal }: Measures,
): Promise<{ classes: ClassScores[]; whole: WholeScores; warnings: string[] }> {
  const whole: Record<string, number | null> = {};
  const warnings: string[] = [];
  const known = new Set(base);
  let classes = labels.map(({ name }, i): ClassScores => ({ class: i, name, thing: things[i]!, novel: !known.has(i) }));
  if (tasks.includes('panoptic')) {
    const { annotations, maps } = places.panoptic!;
    const imgIds = items.map(({ panoptic }) => panoptic!.imageId);
    const { result, warnings: tolerated } = await evaluatePanopticFiles(annotations, join(folder, 'panoptic.json'), {
      gtFolder: maps,
      imgIds,
      signal,
    });
    warnings.push(...tolerated.map(({ message, count }) => `${count} ${message}`));
    const byId = new Map(result.perClass.map((one) => [one.id, one]));
    classes = classes.map((one, i) => {
      const { pq, sq, rq, tp, fp, fn } = byId.get(categories![i]!.id)!;
      const occurs = tp + fp + fn > 0;
      return { ...one, PQ: occurs ? pq : null, SQ: occurs ? sq : null, RQ: occurs ? rq : null, tp, fp, fn };
    });
  }
  if (confusion) {
    const { iou, accuracy, fwIoU, mACC, pACC } = semanticMetrics(confusion);
    Object.assign(whole, { fwIoU, mACC, pACC });
    classes = classes.map((one, i) => ({ ...one, IoU: iou[i]!, accuracy: accuracy[i]! }));
  }
  if (instances) {
    const imgIds = items.map(instances.keyOf).filter((key) => key !== undefined);
    const evaluation = await evaluateFile(instances.annotations, join(folder, 'instances.json'), { imgIds, signal });
    for (const [name, value] of Object.entries(evaluation.metrics)) whole[name] = value < 0 ? null : value;
    const rows = new Map(evaluation.perCategory().map((row) => [JSON.stringify(row.id), row]));
    classes = classes.map((one, i) => {
      const row = rows.get(instances.categoryOf(i) ?? '');
      return one.thing ? { ...one, AP: row?.AP ?? null, AP50: row?.AP50 ?? null } : one;
    });
  }
  return { classes, whole, warnings };
}
