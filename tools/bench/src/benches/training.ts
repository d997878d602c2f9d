import { join } from 'node:path';
import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import {
  add,
  addTrainingStep,
  constantRate,
  gradients,
  Graph,
  linear,
  mul,
  type OnnxModel,
  Parameters,
  reduceMean,
  reshape,
  toOnnx,
  type Value,
} from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';
import { type Batch, train } from '@vitamin-vlm/training';
import type { Setting } from '../bench.ts';
import type { Figure } from '../figure.ts';
import { noise } from '../noise.ts';
import { median, medianRatio, paired, type Task } from '../paired.ts';

/** 16 layers of 1024 x 1024 on a few rows: 16.8 million parameters, 201 MB of state, and as little arithmetic as can be. */
const layers = 16;
const width = 1024;
const rows = 16;

interface Network {
  readonly loss: Value;
  readonly parameters: Parameters;
}

/** What a training step costs beside its arithmetic: 201 MB of parameters and means that come, change and go. */
export async function trainingBench({ folder, threads, rounds, clock }: Setting): Promise<Figure[]> {
  const session = { threads, spinning: true };
  const x = noise([rows, width], { scale: 1 });
  await using step = await Session.create(stepModel(), { ...session, execution: 'inline' });
  await using gradient = await Session.create(gradientModel(), { ...session, execution: 'inline' });
  const state = new Map<string, Tensor>(step.inputs.map(({ name, shape }) => [name, tensor('float32', shape as number[])]));
  for (const [name, value] of initialValues()) state.set(name, value);
  const parameters = Object.fromEntries(gradient.inputs.map(({ name }) => [name, name === 'x' ? x : state.get(name)!]));
  const bare: Task = async () => {
    const outputs = await step.run({ ...Object.fromEntries(state), x });
    for (const [name, value] of Object.entries(outputs)) if (name.endsWith(':next')) state.set(name.slice(0, -':next'.length), value);
  };
  const loop = startLoop(join(folder, 'training'), session, x);
  const throughLoop = await paired(rounds * 3, clock, loop.step, bare);
  await loop.stop();
  const optimizer = await paired(rounds * 3, clock, bare, () => gradient.run(parameters));
  const figure = { bench: 'training', unit: 'ms' };
  return [
    {
      ...figure,
      what: 'a step of 201 MB of state through the loop',
      ours: median(throughLoop.ours),
      peerName: 'the same graph alone, on this thread',
      peer: median(throughLoop.peer),
      ratio: medianRatio(throughLoop),
      target: { on: 'ratio', bound: 'at most', value: 1.1 },
    },
    {
      ...figure,
      what: 'gradients and AdamW of 16.8 million parameters',
      ours: median(optimizer.ours),
      peerName: 'gradients alone',
      peer: median(optimizer.peer),
      ratio: medianRatio(optimizer),
    },
  ];
}

function network(graph: Graph): Network {
  const parameters = new Parameters(graph, { trainable: () => true });
  let y = graph.input('x', 'float32', [rows, width]);
  for (let i = 0; i < layers; i++) y = add(y, linear(parameters.root.at('layers').at(i), y, width));
  return { loss: reshape(reduceMean(mul(y, y), [0, 1]), []), parameters };
}

function stepModel(): OnnxModel {
  const graph = new Graph('step');
  const { loss, parameters } = network(graph);
  addTrainingStep(loss, parameters.trained, { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, clipNorm: 1 });
  return toOnnx(graph);
}

function gradientModel(): OnnxModel {
  const graph = new Graph('gradients');
  const { loss, parameters } = network(graph);
  gradients(loss, [...parameters.trained.values()]).forEach((value, i) => graph.output(`gradient${i}`, value));
  return toOnnx(graph);
}

function initialValues(): Map<string, Tensor<'float32'>> {
  const { declared } = network(new Graph('shapes')).parameters;
  return new Map([...declared].map(([path, shape]) => [path, noise(shape, { scale: 0.02 })]));
}

/** A training whose every step waits until it is asked for. */
function startLoop(
  folder: string,
  session: { readonly threads: number; readonly spinning: boolean },
  x: Tensor,
): { readonly step: Task; readonly stop: () => Promise<void> } {
  const open: ((batch: Batch) => void)[] = [];
  const controller = new AbortController();
  let logged: (() => void) | undefined;
  const training = train({
    folder,
    graphs: { step: stepModel() },
    initial: initialValues(),
    settings: {},
    steps: Number.MAX_SAFE_INTEGER,
    rate: constantRate(1e-4),
    batch: (index) => new Promise((resolve) => (open[index] = resolve)),
    saveEvery: Number.MAX_SAFE_INTEGER,
    onLog: () => logged?.(),
    session,
    signal: controller.signal,
  });
  training.catch(() => undefined); // told by stop
  let next = 0;
  return {
    step: async () => {
      next++;
      while (!open[next]) await Promise.race([new Promise((resolve) => setTimeout(resolve, 1)), training]);
      const done = new Promise<void>((resolve) => (logged = resolve));
      open[next]!({ feeds: { x } });
      await Promise.race([done, training]);
    },
    stop: async () => {
      controller.abort();
      open[next + 1]?.({ feeds: { x } });
      await training.catch((error: unknown) => {
        if (!(error instanceof VitaminError && error.code === 'ABORTED')) throw error;
      });
    },
  };
}
