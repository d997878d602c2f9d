import { type Backbone, checkSameIdentity, type Label, parseLabels } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import type { DetectionWords, VocabularyOptions } from '../detect/options.ts';
import type { OpenedDetector } from '../load/open-detector.ts';
import { type DetectionVocabulary, plainName, rowsOf, stackRows } from './vocabulary.ts';

/** What F-ViT asks for whatever no word stands for. */
const BACKGROUND: Label = { name: 'background', synonyms: ['background'] };

/** The part of a detector that its own classes are made from. */
type TrainedModel = Pick<OpenedDetector, 'classes' | 'base' | 'config' | 'embeddings' | 'identity'>;

/** The classes that a detector was trained with, whose vectors are in its file. */
export function trainedVocabulary({ classes, base, config, embeddings, identity }: TrainedModel): DetectionVocabulary {
  return {
    identity,
    labels: classes.map((name) => ({ name, synonyms: [name] })),
    base,
    embeddings: tensor('float32', [config.classes + 1, config.embedDim], columnsAsRows(embeddings, 0, config.classes + 1)),
  };
}

/** Words, or pictures, as a classifier. See `Detector.vocabulary`. */
export async function makeVocabulary(
  words: DetectionWords | undefined,
  options: VocabularyOptions,
  model: OpenedDetector,
  backbone: Backbone,
): Promise<DetectionVocabulary> {
  if (words && 'embeddings' in words) {
    checkSameIdentity(model.identity, words.identity, 'the detector and the words');
    return words;
  }
  const { background = [], like = [] } = options;
  const { embedDim } = model.config;
  const trained = words === undefined ? trainedVocabulary(model) : undefined;
  const named = words === undefined ? [] : parsed(words);
  const unwanted = background.length > 0 ? parseLabels(background) : [];
  const rows = await embed([...named, ...unwanted], options, model, backbone);
  const wanted = rowsOf(named) * embedDim;
  const labels = trained?.labels ?? named;
  const seen = new Set((options.base ?? model.classes.filter((_, i) => model.base[i])).map(plainName));
  return {
    identity: model.identity,
    labels: [...labels, ...like.map(({ label }) => ({ name: label, synonyms: [label] }))],
    base: [...labels.map(({ synonyms }) => synonyms.some((name) => seen.has(plainName(name)))), ...like.map(() => false)],
    embeddings: stackRows(embedDim, [
      trained ? trained.embeddings.data.subarray(0, labels.length * embedDim) : rows.data.subarray(0, wanted),
      ...like.map(({ vector }) => unitQuery(vector, embedDim)),
      rows.data.subarray(wanted),
    ]),
  };
}

function parsed(words: readonly string[] | readonly Label[]): Label[] {
  if (words.length === 0) return [];
  return typeof words[0] === 'string' ? parseLabels(words as readonly string[]) : [...(words as readonly Label[])];
}

/** Rows of words, and of the background behind them. Without words that in the file serves, and no text tower is needed. */
async function embed(
  labels: readonly Label[],
  { prompts = 'fvit', cacheDir, batchSize, signal, onProgress }: VocabularyOptions,
  { config: { embedDim, classes }, embeddings, tower, address }: OpenedDetector,
  backbone: Backbone,
): Promise<Tensor<'float32'>> {
  if (labels.length === 0) return tensor('float32', [1, embedDim], columnsAsRows(embeddings, classes, classes + 1));
  if (!tower.text) {
    throw new VitaminError('UNSUPPORTED', `Expected the CLIP model of the detector for new words but ${address} was loaded without`, {
      hint: 'Load it with the option tower, for example vitamin-large-336.',
    });
  }
  const made = await backbone.vocabulary([...labels, BACKGROUND], { prompts, cacheDir, batchSize, signal, onProgress });
  return made.embeddings;
}

function unitQuery(vector: Float32Array, embedDim: number): Float32Array {
  const length = Math.hypot(...vector);
  if (vector.length === embedDim && length > 0) return vector.map((value) => value / length);
  throw new VitaminError('USAGE', `Expected a query of ${embedDim} numbers that are not all zero but received ${vector.length}`);
}

/** Some columns of a matrix [E, N], as rows of E numbers. */
function columnsAsRows({ shape, data }: Tensor<'float32'>, from: number, to: number): Float32Array {
  const [length = 0, columns = 0] = shape;
  return Float32Array.from({ length: (to - from) * length }, (_, i) => data[(i % length) * columns + from + Math.floor(i / length)]!);
}
