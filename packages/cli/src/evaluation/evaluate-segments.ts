import { VitaminError } from '@vitamin-vlm/core';
import {
  readSegmentTruth,
  type SegmentData,
  type Segmented,
  type Segmenter,
  type SegmentOptions,
  type SegmentVocabulary,
} from '@vitamin-vlm/fcclip-segmentation';
import { toRleObject } from 'coco-eval-js';
import type { Context } from '../command.ts';
import { type maskFlags, type modelFlags, type segmenterFlags, segmentReadingNames, type wordFlags } from '../flags.ts';
import { readPrompts } from '../words.ts';
import type { Evaluation, Places } from './evaluation.ts';
import { fileDigest } from './file-digest.ts';
import type { runFlags } from './run-flags.ts';
import { type SegmentDataSettings, segmentScorer } from './score-segments.ts';
import type { segmentDataFlags } from './segment-data-flags.ts';
import { type SegmentResult, writePanopticMap, writeSemanticMap } from './segment-predictions.ts';
import { openSegmentSource } from './segment-source.ts';

type EvaluationContext = Context<
  typeof segmentDataFlags &
    Pick<typeof modelFlags, 'model'> &
    typeof segmenterFlags &
    typeof maskFlags &
    typeof runFlags & {
      readonly templates: (typeof wordFlags)['templates'];
      readonly task: {
        readonly kind: 'choice';
        readonly choices: readonly ['all', 'panoptic', 'semantic', 'instance'];
        readonly default: 'all';
        readonly help: string;
      };
    }
>;

/** What is measured. */
type Tasks = SegmentDataSettings['tasks'];

/**
 * A segmenter on the pictures of a data set.
 *
 * @param folder - Where the maps go.
 * @throws VitaminError as `openSegmentData` and `Segmenter.vocabulary`; `USAGE` for a task that the data set has no truth for.
 */
export async function segmentEvaluation(
  context: EvaluationContext,
  segmenter: Segmenter,
  places: Places,
  folder: string,
): Promise<Evaluation<SegmentResult>> {
  const { flags, output, progress, signal } = context;
  const { dataset = null, ignore = null, task, limit, cacheDir, templates } = flags;
  const data = await openSegmentSource(places, { dataset, ignore }, limit);
  const tasks = tasksOf(data, task);
  for (const sentence of data.places.missing) output.note(sentence);
  const prompts = await readPrompts(templates);
  const vocabulary = await wordsOf(segmenter, data, { prompts, cacheDir, signal, onProgress: progress.reporter('words') });
  const { model } = segmenter;
  const options: SegmentOptions = given({
    ...pick(flags, [...segmentReadingNames, 'score', 'overlap', 'alpha', 'beta']),
    task: tasks.length === 1 ? tasks[0] : ('all' as const),
    max: tasks.includes('instance') ? flags.max : 1,
  });
  const { labels, seen, things } = vocabulary;
  const base = labels.flatMap((_, i) => (seen[i] ? [i] : []));
  const settings: SegmentDataSettings = {
    dataset,
    ignore,
    annotations: data.places.panoptic ? await fileDigest(data.places.panoptic.annotations) : null,
    instances: tasks.includes('instance') ? await fileDigest(data.places.instances!) : null,
    images: data.items.length,
    tasks,
    base,
  };
  return {
    task: 'segment',
    items: data.items.map(({ name }) => name),
    settings: {
      data: settings,
      model: { identity: model.identity, ...model.tower.recipe },
      reading: { ...model.read, ...given(pick(flags, segmentReadingNames)) },
      choice: { ...model.settings, ...given(pick(flags, ['score', 'overlap', 'max', 'alpha', 'beta'])) },
      words: { from: templates, classes: labels.map(({ synonyms }) => synonyms.join()), things: things.map(Number).join('') },
      device: flags.device ?? 'cpu',
    },
    ...segmentScorer(data, settings, places, signal),
    work: async (index, stop) => {
      const item = data.items[index]!;
      const truth = await readSegmentTruth(item, data); // before the networks: a folder that is not what was promised shows at once
      const found = await segmenter.segment(item.picture, vocabulary, { ...options, signal: stop });
      const { width, height } = found;
      if (width !== truth.width || height !== truth.height) {
        const expected = `Expected the truth of ${item.name} to be ${width} x ${height} as the picture is`;
        throw new VitaminError('INPUT_UNREADABLE', `${expected} but found ${truth.width} x ${truth.height}`);
      }
      if (tasks.includes('panoptic')) await writePanopticMap(folder, item, found.panoptic!.map);
      if (tasks.includes('semantic')) await writeSemanticMap(folder, item, found.semantic!, labels.length);
      return resultOf(found, tasks);
    },
  };
}

function tasksOf({ categories, places }: SegmentData, wanted: 'all' | Tasks[number]): Tasks {
  const measurable: Tasks = [
    ...(categories ? (['panoptic'] as const) : []),
    'semantic',
    ...(places.instances === undefined ? [] : (['instance'] as const)),
  ];
  if (wanted === 'all') return measurable;
  if (measurable.includes(wanted)) return [wanted];
  throw new VitaminError('USAGE', `Expected --task ${measurable.join(', ')} or all for this data set but received ${wanted}`, {
    hint: places.missing.join(' ') || 'It has no truth of that kind.',
  });
}

type WordOptions = Parameters<Segmenter['vocabulary']>[1];

/** The list of the data set as it is published, or the classes as the data set has them. */
async function wordsOf(segmenter: Segmenter, { labels, things, places }: SegmentData, options: WordOptions): Promise<SegmentVocabulary> {
  if (places.set !== undefined) return await segmenter.vocabulary(places.set, options);
  const names = labels.filter((_, i) => things[i]).map(({ name }) => name);
  return await segmenter.vocabulary(labels, { ...options, things: names });
}

function resultOf({ width, height, panoptic, instances }: Segmented, tasks: Tasks): SegmentResult {
  return {
    width,
    height,
    ...(tasks.includes('panoptic') && {
      segments: panoptic!.segments.map(({ id, class: index, score, area, box }) => [id, index, score, area, ...box] as const),
    }),
    ...(tasks.includes('instance') && {
      instances: instances!.map(({ class: index, score, mask }) => [index, score, toRleObject(mask).counts] as const),
    }),
  };
}

function pick<T, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>;
}

function given<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
