import { type Backbone, labelLogits, normalizeRows, topK, type VocabularyMatrix } from '@vitamin-vlm/backbone';
import { type Tensor, VitaminError } from '@vitamin-vlm/core';
import type { Context } from '../command.ts';
import { jaccardIndex } from '../data-sets/classification-metrics.ts';
import type { AssociationTask, ZeroShotData } from '../data-sets/zero-shot-data.ts';
import type { globalFlags, modelFlags } from '../flags.ts';
import { readPrompts } from '../words.ts';
import type { Evaluation } from './evaluation.ts';
import { type ZeroShotResult, zeroShotScorer, type ZeroShotSettings } from './score-classification.ts';

/** Classes of a picture that are kept. */
const TOP = 5;

/** What the evaluation needs of a command's context. */
export type ZeroShotContext = Pick<Context<typeof globalFlags & typeof modelFlags>, 'flags' | 'progress' | 'signal'>;

/** What may be said about a data set. */
export interface ZeroShotOptions {
  readonly folder: string;
  /** Prompts instead of the data set's own. */
  readonly templates?: string | undefined;
  readonly limit?: number | undefined;
}

/**
 * A model's zero-shot task on a data set.
 *
 * @throws VitaminError `USAGE` for a data set without sentences when none are given; and as `Backbone.vocabulary`.
 */
export async function zeroShotEvaluation(
  { flags, progress, signal }: ZeroShotContext,
  backbone: Backbone,
  data: ZeroShotData,
  { folder, templates, limit }: ZeroShotOptions,
): Promise<Evaluation<ZeroShotResult>> {
  const items = data.items.slice(0, limit);
  const prompts = await promptsOf(data, templates);
  const settings: ZeroShotSettings = {
    name: data.name,
    kind: data.kind,
    samples: items.length,
    classes: data.kind === 'classify' ? data.classes.length : null,
  };
  const options = { prompts, signal, onProgress: progress.reporter('words') };
  const words =
    data.kind === 'classify'
      ? await backbone.vocabulary(
          data.classes.map((name) => ({ name, synonyms: [name] })),
          options,
        )
      : undefined;
  const { model } = backbone;
  return {
    task: 'classify',
    items,
    settings: {
      data: settings,
      model: { identity: model.identity, imageSize: backbone.imageSize, ...model.recipe },
      words: data.kind === 'classify' ? { classes: data.classes, prompts } : null,
      device: flags.device ?? 'cpu',
    },
    ...zeroShotScorer(data, settings, { dataset: folder }, signal),
    work: (index, stop) => resultOf(backbone, data, words, index, stop),
  };
}

/** The data set's sentences unless others are given. */
async function promptsOf(data: ZeroShotData, templates: string | undefined): Promise<Awaited<ReturnType<typeof readPrompts>>> {
  if (templates !== undefined) return await readPrompts(templates);
  if (data.kind === 'classify' && data.templates) return data.templates;
  return 'simple';
}

async function resultOf(
  backbone: Backbone,
  data: ZeroShotData,
  words: VocabularyMatrix | undefined,
  index: number,
  signal: AbortSignal,
): Promise<ZeroShotResult> {
  if (data.kind === 'classify') {
    const { picture, target, fields } = await data.read(index);
    const { pooled } = await backbone.encodeImage(picture, { signal });
    const top = topK(labelLogits(pooled, words!).data, TOP).map((one) => one.index);
    return { target, top, ...(fields && { fields }) };
  }
  if (data.kind === 'retrieval') {
    const { picture, captions } = await data.read(index);
    const { pooled } = await backbone.encodeImage(picture, { signal });
    const texts = await backbone.embedTexts(captions, { signal });
    return { picture: packed(pooled), captions: packed(texts), count: captions.length };
  }
  return await associate(backbone, await data.read(index), signal);
}

/** As many candidates as there are associations, those that are most similar to the cue. */
async function associate(
  backbone: Backbone,
  { cue, candidates, associations }: AssociationTask,
  signal: AbortSignal,
): Promise<ZeroShotResult> {
  const name = cue.toLowerCase();
  const text = normalizeRows(await backbone.embedTexts([`${/^[aeiou]/u.test(name) ? 'An' : 'A'} ${name}`], { signal }));
  const scored: { readonly name: string; readonly score: number }[] = [];
  for (const [candidate, path] of candidates) {
    const { data } = normalizeRows((await backbone.encodeImage(path, { signal })).pooled);
    scored.push({ name: candidate, score: data.reduce((sum, value, i) => sum + value * text.data[i]!, 0) });
  }
  const chosen = scored.toSorted((a, b) => b.score - a.score).slice(0, associations.size);
  return { candidates: candidates.size, jaccard: jaccardIndex(new Set(chosen.map((one) => one.name)), associations) };
}

/** Numbers of 32 bits as text, the same on every machine. */
function packed({ data }: Tensor<'float32'>): string {
  if (!data.every(Number.isFinite)) throw new VitaminError('RUNTIME', 'Expected finite embeddings but the model gave others');
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}
