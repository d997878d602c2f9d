import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Backbone } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';
import { add, addTrainingStep, cosineRate, type Graph, mul, type Parameters, toOnnx, warmUp, type Weights } from '@vitamin-vlm/graph';
import { type LlamaTokenizer, packedLoss } from '@vitamin-vlm/llava-bridge';
import { plotLogs, train } from '@vitamin-vlm/training';
import { DrawnAhead } from '../drawn-ahead.ts';
import type { HeadTraining } from '../head-commands.ts';
import { batchOf, picturesOf, type RoundScenes, someCells } from './batches.ts';
import { facts, tokens } from './cell-truth.ts';
import { evaluateTalker } from './evaluate.ts';
import { exportTalker } from './export.ts';
import { groundedStart } from './grounded-start.ts';
import { KeptScenes } from './kept-scenes.ts';
import { factLoss, namingLoss, namingStep } from './naming.ts';
import * as plan from './plan.ts';
import { idsBefore } from './rows.ts';
import type { TrainingScene } from './scenes.ts';
import { talkerTokenizer } from './vocabulary.ts';

/** Scenes of an evaluation on the way. */
const SCENES = 40;

/**
 * Trains the talker of the embedded model, or goes on with a training: first the names of what tokens show, then rounds of questions and captions. Leaves a model in
 * `talker` of the folder, and a plot.
 */
export async function trainNanoTalker(options: HeadTraining): Promise<void> {
  const { folder, tower, threads } = options;
  await mkdir(folder, { recursive: true });
  const tokenizer = await talkerTokenizer(folder);
  await using backbone = await Backbone.load(tower, threads === undefined ? {} : { threads });
  await using drawn = new DrawnAhead<TrainingScene>(new URL('scene-worker.js', import.meta.url), 2 * plan.shape.rows);
  await using scenes = await KeptScenes.open(folder, backbone, (number) => drawn.at(number));
  const { graph, parameters } = talkingStep(backbone.model.weights, tokenizer);
  const start = await groundedStart(backbone, tokenizer, parameters.declared, await someCells(scenes, backbone), 1);
  const named = await trainNames(options, start, { backbone, scenes, tokenizer });
  let learned: ReadonlyMap<string, Tensor> = new Map([...start, ...named]);
  let [batches, known] = [0, 0];
  const logs = new Map<string, string>();
  for (const [index, round] of plan.rounds.entries()) {
    const own = join(folder, `round-${index + 1}`);
    const begin = { round, scenes: { batches, known, fresh: round.fresh }, start: learned, own };
    learned = await trainAnswers(options, begin, { backbone, scenes, tokenizer, graph });
    batches += round.steps;
    known += round.fresh;
    logs.set(`round ${index + 1}`, join(own, 'log.jsonl'));
  }
  const panels = ['answers', 'names', 'facts', 'accuracy'];
  await plotLogs(logs, join(folder, 'log.svg'), { title: 'Training of the embedded talker', panels });
}

/** What all rounds work with. */
interface Ground {
  readonly backbone: Backbone;
  readonly scenes: KeptScenes;
  readonly tokenizer: LlamaTokenizer;
}

/** Names of what tokens show. Gives what was learned. */
async function trainNames(
  { folder, threads, onLog, signal }: HeadTraining,
  start: ReadonlyMap<string, Tensor>,
  { backbone, scenes, tokenizer }: Ground,
): Promise<ReadonlyMap<string, Tensor>> {
  const { step, declared } = namingStep(backbone.model.weights, tokenizer);
  const { steps, rows, peakRate, warmupSteps } = plan.naming;
  const { parameters } = await train({
    folder: join(folder, 'names'),
    graphs: { step },
    initial: new Map([...start].filter(([path]) => declared.has(path))),
    settings: { ...settingsOf(backbone), naming: plan.naming },
    steps,
    rate: warmUp(cosineRate(peakRate, { from: warmupSteps, to: steps }), { steps: warmupSteps, start: 0.01 }),
    batch: async (index) => {
      const { features, truth } = await picturesOf(index, rows, { batches: 0, known: 0, fresh: plan.namedScenes }, scenes);
      return { feeds: { features, truth } };
    },
    samplesPerStep: rows,
    saveEvery: 200,
    session: threads === undefined ? {} : { threads },
    onLog,
    signal,
  });
  return parameters;
}

/** Where a round begins. */
interface RoundStart {
  readonly round: plan.Round;
  readonly scenes: RoundScenes;
  readonly start: ReadonlyMap<string, Tensor>;
  /** Its folder. */
  readonly own: string;
}

/** A round of questions and captions. Gives what was learned. */
async function trainAnswers(
  { folder, tower, evaluateEvery, threads, onLog, signal }: HeadTraining,
  { round, scenes: looked, start, own }: RoundStart,
  { backbone, scenes, tokenizer, graph }: Ground & { readonly graph: Graph },
): Promise<ReadonlyMap<string, Tensor>> {
  const session = threads === undefined ? {} : { threads };
  const model = join(folder, 'talker');
  const save = async (trained: ReadonlyMap<string, Tensor>): Promise<void> => exportTalker(model, trained, join(folder, 'tokenizer.model'));
  const { steps, peakRate, warmupSteps, rateSteps } = round;
  const { parameters } = await train({
    folder: own,
    graphs: { step: toOnnx(graph) },
    initial: start,
    settings: { ...settingsOf(backbone), naming: plan.naming, shares: plan.shares, shape: plan.shape, round },
    steps,
    rate: warmUp(cosineRate(peakRate, { from: warmupSteps, to: rateSteps }), { steps: warmupSteps, start: 0.01 }),
    batch: (index) => batchOf(index, round, looked, scenes, tokenizer),
    samplesPerStep: plan.shape.rows,
    saveEvery: 100,
    session,
    onLog,
    evaluation: {
      every: evaluateEvery,
      run: async (trained) => {
        await save(trained);
        const { accuracy, kinds } = await evaluateTalker(model, tower, {
          split: 'train',
          firstSeed: plan.developmentSeeds,
          scenes: SCENES,
          signal,
          ...session,
        });
        return { accuracy, ...kinds };
      },
    },
    signal,
  });
  await save(parameters);
  return parameters;
}

function settingsOf(backbone: Backbone): Record<string, unknown> {
  const { llama, projector, grid, read, prompt } = plan;
  return { llama, projector, grid, read, prompt, tower: backbone.model.identity };
}

/** The step of these rounds: answers, and beside them what the tokens show. */
function talkingStep(norm: Weights, tokenizer: LlamaTokenizer): { readonly graph: Graph; readonly parameters: Parameters } {
  const { llama, projector, grid, shape, cells, shares } = plan;
  const size = { ...shape, ...cells, before: idsBefore(tokenizer) };
  const { graph, parameters, loss, pictures } = packedLoss({ llama, projector, grid, weights: new Map(), norm }, size, 2);
  const truth = graph.input('truth', 'float32', [shape.rows, tokens, facts]);
  const naming = namingLoss(parameters.root, tokenizer, pictures[0]!, truth);
  const showing = factLoss(parameters.root, pictures[2]!, truth);
  for (const [name, value] of Object.entries({ answers: loss, names: naming, facts: showing })) graph.output(name, value);
  const weighted = add(add(loss, mul(naming, graph.scalar(shares.names))), mul(showing, graph.scalar(shares.facts)));
  addTrainingStep(weighted, parameters.trained, plan.optimizer);
  return { graph, parameters };
}
