import { join } from 'node:path';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { Graph, Parameters } from '@vitamin-vlm/graph';
import {
  beamSearch,
  causalVisibility,
  Decoder,
  embedPrompt,
  generateIds,
  languageHead,
  llamaLayers,
  type OpenedLlama,
  openLlama,
  openProjector,
  parsePrompt,
  PICTURE_ID,
  ropeTable,
  TokenMaker,
  tokenWidth,
} from '@vitamin-vlm/llava-bridge';
import type { OpenedModel } from '@vitamin-vlm/backbone';
import { SessionPool } from '@vitamin-vlm/runtime';
import type { GoldenContext } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import { runGraph } from '../fvit/run-graph.ts';
import { llamaTokenizer } from './pieces.ts';
import { compareGreedy } from './text-only.ts';
import { llavaIds, writeLlama, writeProjector } from './weights.ts';

/** What the three runs share. */
export interface RunSource {
  readonly tower: OpenedModel;
  /** Prepared pictures by name, [3, S, S]. */
  readonly pixels: ReadonlyMap<string, Tensor<'float32'>>;
  readonly prefix: string;
}

/** The language model of a configuration, whose files `compareRun` wrote. The sessions are the caller's to close. */
export async function openRun(name: string, { folder, threads }: GoldenContext): Promise<{ decoder: Decoder; sessions: SessionPool }> {
  const cacheDir = join(folder, 'cache');
  const sessions = new SessionPool({ threads, cacheDir });
  return { decoder: new Decoder(await openLlama(join(folder, `run-${name}`), { cacheDir }), sessions), sessions };
}

/** Tower -> projector -> merge -> LLaMA -> logits, cache, greedy and beam answers of one configuration. */
export async function compareRun(
  golden: Golden,
  name: string,
  { tower, pixels, prefix }: RunSource,
  context: GoldenContext,
): Promise<void> {
  const folder = join(context.folder, `run-${name}`);
  const cacheDir = join(context.folder, 'cache');
  await writeLlama(folder, golden.at('config').take() as Record<string, unknown>, prefix);
  const model = await openLlama(folder, { cacheDir });
  const { hidden } = model.config;
  const path = join(folder, 'mm_projector.bin');
  await writeProjector(path, 'mlp2x_gelu', [tokenWidth(tower), hidden], prefix);
  await using sessions = new SessionPool({ threads: context.threads, cacheDir });
  await using maker = new TokenMaker(tower, await openProjector(path, { cacheDir }), { sessions });
  const decoder = new Decoder(model, sessions);

  const ids = promptIds(golden, name, model.config.vocabulary);
  golden.at('inputIds').equal(ids);
  const order = name === 'C' ? ['image1', 'image2'] : ['image1'];
  if (golden.has('imageOrder')) golden.at('imageOrder').equal(order);
  const pictures: Tensor<'float32'>[] = [];
  for (const each of order) {
    const { shape, data } = pixels.get(each)!;
    pictures.push((await maker.project(tensor('float32', [1, ...shape], data))).tokens);
  }
  const prompt = await embedPrompt(decoder, ids, pictures);
  const [length] = prompt.shape as [number];
  golden.at('embedsLength').equal(length);
  golden.at('inputsEmbeds').tensor({ shape: [1, ...prompt.shape], data: prompt.data });
  const full = await compareTaps(golden, model, prompt, context);
  await compareCache(golden.at('kvCache'), decoder, prompt, full);
  await compareAnswers(golden, decoder, prompt);
}

/** The prompt's ids: of a text, or made up with places of pictures put in. */
export function promptIds(golden: Golden, name: string, vocabulary: number): number[] {
  if (golden.has('prompt')) {
    const tokenizer = llamaTokenizer(golden.at('tokenizerLegacy').take() as boolean);
    return tokenizer.encodePrompt(parsePrompt(golden.at('prompt').takeText()));
  }
  if (name === 'B') return llavaIds('nano.ids', 20, vocabulary).toSpliced(7, 0, PICTURE_ID);
  return llavaIds('nano.ids.two', 24, vocabulary).toSpliced(12, 0, PICTURE_ID).toSpliced(5, 0, PICTURE_ID);
}

/** Everything inside the language model in one pass; gives the logits of the last token. */
async function compareTaps(
  golden: Golden,
  { config, weights }: OpenedLlama,
  prompt: Tensor<'float32'>,
  context: GoldenContext,
): Promise<Float32Array> {
  const [length, hidden] = prompt.shape as [number, number];
  const graph = new Graph('taps');
  const { root } = new Parameters(graph, { weights });
  const embeddings = graph.input('embeddings', 'float32', [1, length, hidden]);
  const positions = graph.input('positions', 'int64', [1, length]);
  const places = { positions, visible: causalVisibility(positions, positions), rope: ropeTable(graph, config, length) };
  const { layers, norm } = llamaLayers(root.at('model'), embeddings, config, places);
  const [first, last] = [layers[0]!, layers.at(-1)!];
  const taps = {
    'layer0.inputNorm': first.inputNorm,
    'layer0.q': first.q,
    'layer0.k': first.k,
    'layer0.v': first.v,
    'layer0.oProj': first.attention,
    'layer0.postAttentionNorm': first.postAttentionNorm,
    'layer0.mlp': first.mlp,
    ...Object.fromEntries(layers.map(({ out }, i) => [`layer${i}`, out])),
    finalNorm: norm,
  };
  const cache = { cacheLayer0Key: first.present.key, cacheLayer0Value: first.present.value, cacheLastLayerKey: last.present.key };
  const numbers = BigInt64Array.from({ length }, (_, i) => BigInt(i));
  const found = await runGraph(
    graph,
    { ...taps, ...cache, logits: languageHead(root, norm, config) },
    { embeddings: tensor('float32', [1, length, hidden], prompt.data), positions: tensor('int64', [1, length], numbers) },
    { threads: context.threads, cacheDir: join(context.folder, 'cache') },
  );
  for (const name of Object.keys(taps)) golden.at('taps', name).tensor(found[name]!);
  for (const name of Object.keys(cache)) golden.at(name).tensor(found[name]!);
  const { data } = found['logits']!;
  const width = config.vocabulary;
  golden.at('logitsLast4').tensor({ shape: [1, 4, width], data: data.subarray(-4 * width) });
  const rows = Array.from({ length }, (_, row) => data.subarray(row * width, (row + 1) * width));
  golden.at('argmaxAllPositions').equal(rows.map((row) => row.indexOf(row.reduce((most, value) => Math.max(most, value)))));
  return data.subarray(-width);
}

/** Tokens one by one, and a prompt in two parts. */
async function compareCache(golden: Golden, decoder: Decoder, prompt: Tensor<'float32'>, full: Float32Array): Promise<void> {
  const { vocabulary } = decoder.model.config;
  const appended = llavaIds('nano.append', 5, vocabulary).slice(1);
  golden.at('appendedIds').equal(appended);
  const steps = tensor('float32', [appended.length, vocabulary]);
  let output = await decoder.read([prompt]);
  for (const [i, id] of appended.entries()) {
    output = await decoder.read([await decoder.embed([id])], output.cache);
    steps.data.set(output.logits.data, i * vocabulary);
  }
  golden.at('stepLogits').tensor(steps);
  const whole = await decoder.read([joined(prompt, await decoder.embed(appended))]);
  golden.at('maxAbsDiffAgainstFullPass').numbers([largestDifference(whole.logits.data, output.logits.data)], 1);
  const head = await decoder.read([rowsOf(prompt, 0, 9)]);
  const { logits } = await decoder.read([rowsOf(prompt, 9)], head.cache);
  golden.at('chunkedPrefill9ThenRestMaxAbsDiff').numbers([largestDifference(logits.data, full)], 1);
}

/** Greedy and beam answers. The original begins each with the id of a beginning, which it did not generate. */
async function compareAnswers(golden: Golden, decoder: Decoder, prompt: Tensor<'float32'>): Promise<void> {
  const bos = 1;
  const same: Record<string, boolean> = { greedy24: await compareGreedy(golden.at('greedy24'), decoder, prompt, [bos]) };
  const ended = golden.at('greedyWithEos');
  const ids = [bos];
  for await (const id of generateIds(decoder, prompt, { maxTokens: 24, eos: [ended.at('eosTokenId').takeNumber()] })) ids.push(id);
  ended.at('ids').equal(ids);
  same['greedyWithEos'] = String(ended.at('ids').value) === String(ids);
  for (const name of golden.keys().filter((key) => key.startsWith('beam'))) {
    const beam = golden.at(name);
    const found = await beamSearch(decoder, prompt, {
      beams: beam.at('numBeams').takeNumber(),
      lengthPenalty: beam.at('lengthPenalty').takeNumber(),
      earlyStopping: beam.at('earlyStopping').take() as boolean,
      maxTokens: beam.at('maxNewTokens').takeNumber(),
      eos: [beam.at('eosTokenId').takeNumber()],
    });
    const pad = beam.has('padTokenId') ? beam.at('padTokenId').takeNumber() : 0;
    const longest = Math.max(...found.map((each) => each.ids.length));
    const sequences = found.map((each) => [bos, ...each.ids, ...Array.from({ length: longest - each.ids.length }, () => pad)]);
    beam.at('sequences').equal(sequences);
    beam.at('scores').numbers(found.map(({ score }) => score));
    same[name] = JSON.stringify(beam.at('sequences').value) === JSON.stringify(sequences);
  }
  golden.at('float32SameTokens').equal(same);
}

function rowsOf({ shape, data }: Tensor<'float32'>, from: number, to: number = shape[0]!): Tensor<'float32'> {
  return tensor('float32', [to - from, shape[1]!], data.subarray(from * shape[1]!, to * shape[1]!));
}

function joined(a: Tensor<'float32'>, b: Tensor<'float32'>): Tensor<'float32'> {
  return tensor('float32', [a.shape[0]! + b.shape[0]!, a.shape[1]!], Float32Array.from([...a.data, ...b.data]));
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
