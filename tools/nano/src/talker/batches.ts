import { openWeights, type Backbone } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, toFloat32 } from '@vitamin-vlm/core';
import type { LlamaTokenizer } from '@vitamin-vlm/llava-bridge';
import { type Batch, randomStream } from '@vitamin-vlm/training';
import { facts, tokens } from './cell-truth.ts';
import { type KeptScene, type KeptScenes, writeFeatures } from './kept-scenes.ts';
import * as plan from './plan.ts';
import { idsBefore, packTurns } from './rows.ts';
import { drawTurns } from './turns.ts';

/** Which scenes a round looks at, and where it stands in the whole training. */
export interface RoundScenes {
  /** Batches before the round. */
  readonly batches: number;
  /** Scenes that were looked at before. */
  readonly known: number;
  /** Scenes that come next, in order; then all by chance. */
  readonly fresh: number;
}

/** Pictures of a round's batch of a number. */
export async function picturesOf(
  index: number,
  rows: number,
  { batches, known, fresh }: RoundScenes,
  kept: KeptScenes,
): Promise<{ readonly features: Tensor; readonly truth: Tensor; readonly scenes: readonly KeptScene[] }> {
  const { height, width } = plan.cells;
  const channels = plan.projector.input / plan.grid.merge ** 2;
  const features = tensor('float32', [rows, height * width, channels]);
  const truth = tensor('float32', [rows, tokens, facts]);
  const scenes: KeptScene[] = [];
  for (let row = 0; row < rows; row++) {
    const place = (index - 1) * rows + row;
    const chance = randomStream(4, batches * rows + place)();
    const scene = await kept.at(place < fresh ? known + place : Math.floor((known + fresh) * chance));
    writeFeatures(scene, features.data.subarray(row * height * width * channels, (row + 1) * height * width * channels));
    truth.data.set(scene.truth, row * tokens * facts);
    scenes.push(scene);
  }
  return { features, truth, scenes };
}

/** A round's batch of a number: other questions at every visit to a scene. */
export async function batchOf(
  index: number,
  { lists = 1 }: plan.Round,
  round: RoundScenes,
  kept: KeptScenes,
  tokenizer: LlamaTokenizer,
): Promise<Batch> {
  const { rows, text } = plan.shape;
  const start = idsBefore(tokenizer).length + tokens;
  const { features, truth, scenes } = await picturesOf(index, rows, round, kept);
  const names = ['ids', 'positions', 'segments', 'labels'] as const;
  const shares = tensor('float32', [rows, text]);
  const all = Object.fromEntries(names.map((name) => [name, tensor('int64', [rows, text])])) as Record<
    (typeof names)[number],
    Tensor<'int64'>
  >;
  for (const [row, { texts }] of scenes.entries()) {
    const turns = drawTurns(texts, randomStream(5, (round.batches + index - 1) * rows + row));
    const weighted = turns.map((turn) => (turn.question.startsWith('What ') ? { ...turn, weight: lists } : turn));
    const packed = packTurns(tokenizer, weighted, text, start);
    for (const name of names) all[name].data.set(packed[name], row * text);
    shares.data.set(packed.shares, row * text);
  }
  return { feeds: { features, truth, shares, ...all } };
}

/** Cells of the first scenes, normed as the graph norms them. */
export async function someCells(scenes: KeptScenes, backbone: Backbone): Promise<Float32Array[]> {
  const channels = plan.projector.input / plan.grid.merge ** 2;
  const count = plan.cells.height * plan.cells.width;
  await using weights = await openWeights(backbone.model.address);
  const [scale, shift] = await Promise.all(
    ['weight', 'bias'].map(async (name) => toFloat32(await weights.read(`visual.trunk.fc_norm.${name}`)).data),
  );
  const cells: Float32Array[] = [];
  const features = new Float32Array(count * channels);
  for (let number = 0; number < CELL_SCENES; number++) {
    writeFeatures(await scenes.at(number), features);
    for (let cell = 0; cell < count; cell++) cells.push(normed(features.subarray(cell * channels, (cell + 1) * channels), scale!, shift!));
  }
  return cells;
}

/** Scenes whose cells say where the joint space has its middle. */
const CELL_SCENES = 12;

function normed(x: Float32Array, scale: Float32Array, shift: Float32Array): Float32Array {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const deviation = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length + 1e-6);
  return x.map((value, i) => ((value - mean) / deviation) * scale[i]! + shift[i]!);
}
