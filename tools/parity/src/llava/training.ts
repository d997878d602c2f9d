import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import { addUpdate, clipGradients, gradients, toOnnx } from '@vitamin-vlm/graph';
import {
  labelRuns,
  type LlamaConfig,
  mergeSamples,
  readLlamaConfig,
  trainingFeeds,
  trainingLoss,
  type TrainingModel,
} from '@vitamin-vlm/llava-bridge';
import { Session, type SessionOptions } from '@vitamin-vlm/runtime';
import type { Golden } from '../golden/golden.ts';
import type { Samples } from './labels.ts';
import { llamaShapes, llavaTensor } from './weights.ts';

/** AdamW as LLaVA uses it. */
const ADAMW = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 } as const;

/** What a training step needs beside the file. */
export interface TrainingSource {
  readonly samples: Samples;
  /** Features of pictures by name, [cells, C]. */
  readonly features: ReadonlyMap<string, Tensor<'float32'>>;
  readonly prefix: string;
}

/** Three steps of each stage: losses, gradients, parameters. */
export async function compareTraining(golden: Golden, configs: Golden, source: TrainingSource, session: SessionOptions): Promise<void> {
  for (const name of golden.keys()) {
    const own = golden.at(name);
    const config = readLlamaConfig({ model_type: 'llama', ...(configs.at(own.at('config').takeText(), 'config').value as object) });
    await compareStage(own, name === 'stage1' ? 1 : 2, config, source, session);
  }
}

async function compareStage(
  golden: Golden,
  stage: 1 | 2,
  config: LlamaConfig,
  { samples, features, prefix }: TrainingSource,
  session: SessionOptions,
): Promise<void> {
  const names = golden.at('samples').take() as string[];
  const chosen = names.map((name) => samples.get(name)!);
  const longest = Math.max(...chosen.map(({ ids }) => ids.length));
  golden.at('inputIds').equal(chosen.map(({ ids }) => [...ids, ...Array.from({ length: longest - ids.length }, () => 0)]));
  golden.at('labelRuns').equal(chosen.map(({ labels }) => labelRuns(labels)));
  const pictures = (golden.at('images').take() as string[]).map((name) => features.get(name) ?? features.get('zeros')!);
  const [cells, width] = pictures[0]!.shape as [number, number];
  const batch = mergeSamples(
    chosen,
    pictures.map(() => cells),
  );
  golden.at('mergedLength').equal(batch.length);

  const projector = { type: 'mlp2x_gelu', depth: 2, input: width, output: config.hidden };
  const shapes = new Map<string, readonly number[]>([...llamaShapes(config), ...projectorShapes(width, config.hidden)]);
  const weights = new Map([...shapes].map(([name, shape]) => [name, llavaTensor(name, shape, prefix)]));
  const model: TrainingModel = { llama: config, projector, weights };
  const size = { rows: batch.rows, length: batch.length, words: batch.ids.length, cells: pictures.length * cells };
  const { graph, parameters, logits, loss } = trainingLoss(model, size, stage);
  const { trained } = parameters;
  golden.at('trainableTensors').equal(trained.size);
  golden.at('trainableParameters').equal([...trained.values()].reduce((sum, { shape }) => sum + sizeOf(shape as number[]), 0));
  const parts = gradients(loss, [...trained.values()]);
  const clipped = clipGradients(parts, 1);
  graph.output('loss', loss);
  graph.output('logits', logits);
  [...trained.keys()].forEach((path, i) => {
    graph.output(`${path}:gradient`, parts[i]!);
    graph.output(`${path}:clipped`, clipped.gradients[i]!);
  });
  addUpdate(trained, parts, ADAMW);

  await using running = await Session.create(toOnnx(graph), session);
  const rows = tensor('float32', [pictures.length * cells, width]);
  pictures.forEach(({ data }, i) => rows.data.set(data, i * data.length));
  const rate = tensor('float32', [], Float32Array.of(golden.at('lr').takeNumber()));
  const inputs = { ...trainingFeeds(batch), features: rows, rate };
  let state: Record<string, Tensor> = { 'adamw:mean': tensor('float32', []), 'adamw:square': tensor('float32', []) };
  for (const path of trained.keys()) {
    const start = weights.get(path)!;
    state = {
      ...state,
      [path]: start,
      [`${path}:mean`]: tensor('float32', start.shape),
      [`${path}:square`]: tensor('float32', start.shape),
    };
  }
  const losses: number[] = [];
  for (let step = 1; step <= 3; step++) {
    const outputs = (await running.run({ ...inputs, ...state })) as Record<string, Tensor<'float32'>>;
    losses.push(outputs['loss']!.data[0]!);
    if (step === 1) compareFirst(golden, outputs, batch.rows, config.vocabulary);
    state = Object.fromEntries(Object.keys(state).map((name) => [name, outputs[`${name}:next`]!]));
    if (step === 2) continue;
    const after = golden.at(`afterStep${step}`);
    for (const path of after.keys()) after.at(path).tensor(state[path] as Tensor<'float32'>);
  }
  golden.at('losses').numbers(losses);
  golden.at('losses32').numbers(losses);
}

function compareFirst(golden: Golden, outputs: Readonly<Record<string, Tensor<'float32'>>>, rows: number, vocabulary: number): void {
  golden.at('lossStep1').tensor({ shape: [1], data: outputs['loss']!.data });
  const { shape, data } = outputs['logits']!;
  const row = shape[1]! * vocabulary;
  const last = Array.from({ length: rows }, (_, i) => data.subarray((i + 1) * row - 2 * vocabulary, (i + 1) * row));
  const joined = new Float32Array(rows * 2 * vocabulary);
  last.forEach((part, i) => joined.set(part, i * part.length));
  golden.at('logitsLast2').tensor(tensor('float32', [rows, 2, vocabulary], joined));
  golden.at('gradNorm').numbers(outputs['gradientNorm']!.data);
  for (const path of golden.at('grads').keys()) golden.at('grads', path).tensor(outputs[`${path}:gradient`]!);
  for (const name of golden.at('clip1').keys()) {
    if (name === 'totalNorm') golden.at('clip1', name).numbers(outputs['gradientNorm']!.data);
    else golden.at('clip1', name).tensor(outputs[`${name.slice('clippedGrad.'.length)}:clipped`]!);
  }
}

function projectorShapes(input: number, output: number): [string, readonly number[]][] {
  return [
    ['model.mm_projector.0.weight', [output, input]],
    ['model.mm_projector.0.bias', [output]],
    ['model.mm_projector.2.weight', [output, output]],
    ['model.mm_projector.2.bias', [output]],
  ];
}
