import { type Backbone, openWeights } from '@vitamin-vlm/backbone';
import { type Tensor, toFloat32 } from '@vitamin-vlm/core';
import type { LlamaTokenizer } from '@vitamin-vlm/llava-bridge';
import { Random } from '@vitamin-vlm/picture-world';
import { grid, llama, projector } from './plan.ts';
import { initializeTalker } from './initialize.ts';
import { gridBasis } from './grid-basis.ts';

/** Where the tower's projection into the joint space stands in its checkpoint: [joint, channels]. */
const HEAD = 'visual.head.proj.weight';

/** Size of the numbers of the joint space in an embedding. */
const JOINT = 0.05;
/** The last two numbers of an embedding say whether it is a word's or a picture's. */
const FLAG = 0.3;
const WORD_FLAG = llama.hidden - 2;
const PICTURE_FLAG = llama.hidden - 1;

/** Heads of the first layer in which words look for what they name. */
const LOOKING_HEADS = 4;
/** Gains of what is alike, and of being a picture, in their scores. */
const ALIKE = 1.9;
const OTHER_KIND = 0.93;
/** Rotary pairs from here on hardly turn within a prompt: content is compared in them. */
const STILL_PAIR = 6;
/** GELU is nearly a straight line around here. */
const STRAIGHT = 3;

/** What a start is made from: cells of some pictures, [cells, channels], normed, and the vocabulary's vectors in the joint space. */
interface Ground {
  readonly head: Tensor<'float32'>;
  readonly cells: readonly Float32Array[];
  /** By piece. */
  readonly words: ReadonlyMap<number, Float32Array>;
}

/**
 * Weights from which words and pictures meet at once: the embedding of a word begins as what the text tower makes of it, a picture's token as what the tower's own head
 * makes of its cells, and some heads of the first layer as comparisons of the two (as in Trockman and Kolter, arXiv:2305.09828, queries and keys begin alike). All
 * else is drawn by chance. Without such a start a model of this size sees nothing for thousands of steps.
 */
export async function groundedStart(
  backbone: Backbone,
  tokenizer: LlamaTokenizer,
  shapes: ReadonlyMap<string, readonly number[]>,
  cells: readonly Float32Array[],
  seed: number,
): Promise<Map<string, Tensor<'float32'>>> {
  const tensors = initializeTalker(shapes, seed);
  await using weights = await openWeights(backbone.model.address);
  const head = toFloat32(await weights.read(HEAD));
  const ground = { head, cells, words: await wordVectors(backbone, tokenizer) };
  startProjector(tensors, ground);
  startWords(tensors, ground);
  startHeads(tensors, new Random(seed + 1, 'train', 'single'));
  startGathering(tensors);
  return tensors;
}

/** The text tower's vectors of pieces that are whole words, without their mean. */
async function wordVectors(backbone: Backbone, { vocabulary }: LlamaTokenizer): Promise<Map<number, Float32Array>> {
  const whole = vocabulary.pieces.flatMap(({ text }, id) => (/^\u2581[a-z]{2,}$/u.test(text) ? [{ id, word: text.slice(1) }] : []));
  const { embeddings } = await backbone.vocabulary(
    whole.map(({ word }) => word),
    { cacheDir: false },
  );
  const width = embeddings.shape[1]!;
  const rows = whole.map((_, i) => embeddings.data.slice(i * width, (i + 1) * width) as Float32Array);
  return new Map(centered(rows).map((row, i) => [whole[i]!.id, row]));
}

function centered(rows: readonly Float32Array[]): Float32Array[] {
  const mean = meanOf(rows);
  return rows.map((row) => row.map((value, i) => value - mean[i]!));
}

function meanOf(rows: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(rows[0]!.length);
  for (const row of rows) for (let i = 0; i < row.length; i++) mean[i]! += row[i]! / rows.length;
  return mean;
}

/** Hidden units: the joint space of the cells without their positions, then the positions; both go through on the straight part of GELU. */
function startProjector(tensors: ReadonlyMap<string, Tensor<'float32'>>, { head, cells }: Ground): void {
  const [joint, channels] = head.shape as [number, number];
  const hidden = llama.hidden;
  const merged = grid.merge ** 2;
  const basis = gridBasis(channels); // orthonormal rows
  const rows: Float32Array[] = [];
  for (let i = 0; i < joint; i++) rows.push(without(head.data.subarray(i * channels, (i + 1) * channels), basis));
  const means = rows.map((row) => meanAndSpread(row, cells));
  const spread = Math.sqrt(means.reduce((sum, { variance }) => sum + variance, 0) / joint);
  const [w0, b0, w2, b2] = ['0.weight', '0.bias', '2.weight', '2.bias'].map((name) => tensors.get(`model.mm_projector.${name}`)!.data) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const gain = 0.6 / spread;
  const through = (unit: number, row: Float32Array, mean: number, scale: number, size: number): void => {
    for (let cell = 0; cell < merged; cell++) {
      for (let c = 0; c < channels; c++) w0[unit * projector.input + cell * channels + c] = (scale / merged) * row[c]!;
    }
    b0[unit] = STRAIGHT - scale * mean;
    w2.fill(0, unit * hidden, (unit + 1) * hidden);
    w2[unit * hidden + unit] = size;
    b2[unit] = -STRAIGHT * size;
  };
  rows.forEach((row, unit) => through(unit, row, means[unit]!.mean, gain, JOINT / 0.6));
  const free = Math.min(basis.length, hidden - joint - 16);
  for (let i = 0; i < free; i++) through(joint + i, basis[i]!, 0, 0.25, JOINT / 0.6);
  for (const flag of [WORD_FLAG, PICTURE_FLAG]) w2.fill(0, flag * hidden, (flag + 1) * hidden);
  b2[PICTURE_FLAG] = FLAG;
}

/** A row without its part in a space. */
function without(row: Float32Array, basis: readonly Float32Array[]): Float32Array {
  const rest = Float32Array.from(row);
  for (const direction of basis) {
    const along = dot(row, direction);
    for (let i = 0; i < rest.length; i++) rest[i]! -= along * direction[i]!;
  }
  return rest;
}

function meanAndSpread(row: Float32Array, cells: readonly Float32Array[]): { mean: number; variance: number } {
  const values = cells.map((cell) => dot(row, cell));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Embeddings and scores of whole words begin in the joint space. */
function startWords(tensors: ReadonlyMap<string, Tensor<'float32'>>, { head, words }: Ground): void {
  const joint = head.shape[0]!;
  const [embeddings, scores] = ['model.embed_tokens.weight', 'lm_head.weight'].map((name) => tensors.get(name)!.data) as [
    Float32Array,
    Float32Array,
  ];
  for (let id = 0; id < llama.vocabulary; id++) {
    embeddings[id * llama.hidden + WORD_FLAG] = FLAG;
    embeddings[id * llama.hidden + PICTURE_FLAG] = 0;
    const word = words.get(id);
    if (!word) continue;
    const size = JOINT / Math.sqrt(dot(word, word) / joint);
    for (let i = 0; i < joint; i++) {
      embeddings[id * llama.hidden + i] = size * word[i]!;
      scores[id * llama.hidden + i] = 0.5 * size * word[i]!;
    }
  }
}

/** Heads that compare: queries and keys of equal directions of the joint space, where rotation hardly matters; keys of pictures are preferred. */
function startHeads(tensors: ReadonlyMap<string, Tensor<'float32'>>, random: Random): void {
  const { hidden, size } = llama;
  const half = size / 2;
  const [q, k, v] = ['q', 'k', 'v'].map((name) => tensors.get(`model.layers.0.self_attn.${name}_proj.weight`)!.data) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (let h = 0; h < LOOKING_HEADS; h++) {
    const from = h * size;
    for (const matrix of [q, k]) matrix.fill(0, from * hidden, (from + size) * hidden);
    for (let i = STILL_PAIR; i < half; i++) {
      for (const row of [from + i, from + half + i]) {
        const isFlag = row === from + half - 1;
        if (isFlag) {
          q[row * hidden + WORD_FLAG] = OTHER_KIND;
          k[row * hidden + PICTURE_FLAG] = OTHER_KIND;
          k[row * hidden + WORD_FLAG] = -OTHER_KIND;
          continue;
        }
        const direction = Float32Array.from({ length: JOINT_WIDTH }, () => random.next() + random.next() + random.next() - 1.5);
        const length = Math.sqrt(dot(direction, direction));
        for (let c = 0; c < JOINT_WIDTH; c++) q[row * hidden + c] = k[row * hidden + c] = (ALIKE * direction[c]!) / length;
      }
    }
    for (let i = from * hidden; i < (from + size) * hidden; i++) v[i]! *= 2;
  }
}

/** Heads of the second layer in which words gather what the words before them have seen: keys of words are preferred. */
function startGathering(tensors: ReadonlyMap<string, Tensor<'float32'>>): void {
  const { hidden, size } = llama;
  const [q, k, v] = ['q', 'k', 'v'].map((name) => tensors.get(`model.layers.1.self_attn.${name}_proj.weight`)!.data) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (let h = 0; h < GATHERING_HEADS; h++) {
    const row = h * size + size / 2 - 1; // of a pair that hardly turns
    q[row * hidden + WORD_FLAG] = OTHER_KIND;
    k[row * hidden + WORD_FLAG] = OTHER_KIND;
    k[row * hidden + PICTURE_FLAG] = -OTHER_KIND;
    for (let i = h * size * hidden; i < (h + 1) * size * hidden; i++) v[i]! *= 2;
  }
}

/** So many of them. */
const GATHERING_HEADS = 3;

/** Numbers of the joint space. */
const JOINT_WIDTH = 128;
