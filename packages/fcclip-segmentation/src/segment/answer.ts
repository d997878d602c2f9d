import { tensor, type Tensor, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import type { SegmentEncoding } from '../encoding/segment-encoding.ts';
import { type SegmentVocabulary, synonymTable } from '../encoding/vocabulary.ts';
import type { OpenedSegmenter } from '../load/open-segmenter.ts';
import { bestPairs, boxOf } from '../postprocess/instances.ts';
import { panopticCandidates, panopticMap } from '../postprocess/panoptic.ts';
import { semanticMap } from '../postprocess/semantic.ts';
import { timeSlices } from '../postprocess/time-slices.ts';
import type { EncodedMasks } from './encoded-masks.ts';
import type { Heads } from './heads.ts';
import type { AnswerOptions } from './options.ts';
import type { NamedInstance, NamedPanoptic, Segmented } from './segmented.ts';

/** CLIP's learned factor on cosines is used up to this. */
const LARGEST_SCALE = 100;

/** What answers depend on beside the encoding and the words. */
export interface AskedModel {
  readonly model: Pick<OpenedSegmenter, 'settings'> & { readonly tower: { readonly logitScale: number } };
  readonly heads: Heads;
}

/** Asks an encoding: probabilities from its vectors and the words, then what the task wants. Nothing of the picture is looked at again. */
export async function answer(
  { geometry, ...encoding }: Pick<SegmentEncoding, 'geometry' | 'classVectors' | 'clipVectors'>,
  masks: EncodedMasks,
  vocabulary: SegmentVocabulary,
  asked: AskedModel,
  options: AnswerOptions,
): Promise<Segmented> {
  const settings = checkedSettings(asked, options);
  const { task = 'panoptic', signal } = options;
  const { width, height } = geometry;
  const { threshold } = settings;
  const { labels } = vocabulary;
  const probabilities = await probabilitiesOf(encoding, vocabulary, asked, options);
  const wants = (one: typeof task): boolean => task === one || task === 'all';
  const turn = timeSlices(signal);
  return {
    width,
    height,
    labels,
    ...(wants('panoptic') ? { panoptic: await panopticOf(masks, probabilities, vocabulary, settings, turn) } : {}),
    ...(wants('semantic')
      ? {
          semantic: await semanticMap(masks.reader, probabilities.data, labels.length + 1, {
            threshold,
            turn,
            sum: asked.heads.sums({ signal }),
          }),
        }
      : {}),
    ...(wants('instance') ? { instances: await instancesOf(masks, probabilities, vocabulary, settings.max, turn) } : {}),
  };
}

/** Probabilities [Q, K + 1] of each mask, "nothing" last. */
export async function probabilitiesOf(
  { classVectors, clipVectors }: Pick<SegmentEncoding, 'classVectors' | 'clipVectors'>,
  { labels, seen, embeddings }: SegmentVocabulary,
  { model, heads }: AskedModel,
  options: Pick<AnswerOptions, 'alpha' | 'beta'> & WorkOptions,
): Promise<Tensor<'float32'>> {
  const { alpha = model.settings.alpha, beta = model.settings.beta } = options;
  const weights = Float32Array.from(labels, (_, k) => (seen[k] ? alpha : beta));
  const clip = Float32Array.of(Math.min(model.tower.logitScale, LARGEST_SCALE));
  const feeds = {
    classVectors,
    clipVectors,
    embeddings,
    synonyms: synonymTable(labels),
    weights: tensor('float32', [labels.length], weights),
    clip: tensor('float32', [], clip),
  };
  return await heads.probabilities(feeds, options);
}

type Settings = Required<{ [Name in 'alpha' | 'beta' | 'score' | 'overlap' | 'max' | 'threshold']: number }>;
type Turn = () => Promise<void> | undefined;

function checkedSettings({ model }: AskedModel, options: AnswerOptions): Settings {
  const { alpha, beta, score, overlap, max, threshold } = options;
  const { settings } = model;
  const given = {
    alpha: alpha ?? settings.alpha,
    beta: beta ?? settings.beta,
    score: score ?? settings.score,
    overlap: overlap ?? settings.overlap,
    max: max ?? settings.max,
    threshold: threshold ?? 0,
  };
  const share = (['alpha', 'beta', 'score', 'overlap'] as const).find((name) => !(given[name] >= 0 && given[name] <= 1));
  if (share) throw new VitaminError('USAGE', `Expected ${share} from 0 to 1 but received ${given[share]}`);
  if (!(given.threshold >= 0)) throw new VitaminError('USAGE', `Expected a threshold of at least 0 but received ${threshold}`);
  if (Number.isInteger(given.max) && given.max > 0) return given;
  throw new VitaminError('USAGE', `Expected a positive whole number of instances but received ${max}`);
}

async function panopticOf(
  masks: EncodedMasks,
  { data, shape }: Tensor<'float32'>,
  { labels, things }: SegmentVocabulary,
  { score, overlap }: Settings,
  turn: Turn,
): Promise<NamedPanoptic> {
  const candidates = panopticCandidates(data, shape[1]!, score);
  const isThing = (index: number): boolean => things[index]!;
  const { map, segments } = await panopticMap(masks.reader, candidates, await masks.areas(turn), { isThing, overlap, turn });
  return {
    map,
    segments: segments.map((segment) => ({ ...segment, label: labels[segment.class]!.name, isThing: isThing(segment.class) })),
  };
}

async function instancesOf(
  masks: EncodedMasks,
  { data, shape }: Tensor<'float32'>,
  { labels, things }: SegmentVocabulary,
  max: number,
  turn: Turn,
): Promise<NamedInstance[]> {
  const instances: NamedInstance[] = [];
  for (const { query, class: index, score } of bestPairs(data, shape[1]!, max)) {
    if (!things[index]) continue;
    const { mask, area, sureness } = await masks.solid(query, turn);
    if (area > 0) instances.push({ label: labels[index]!.name, class: index, score: score * sureness, box: boxOf(mask), mask, area });
  }
  return instances.toSorted((a, b) => b.score - a.score);
}
