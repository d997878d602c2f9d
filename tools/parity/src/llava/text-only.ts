import { join } from 'node:path';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { crossEntropy, gather, Graph, Parameters } from '@vitamin-vlm/graph';
import {
  beamSearch,
  causalVisibility,
  countParameters,
  Decoder,
  embeddingTable,
  generateBatch,
  generateIds,
  languageHead,
  llamaLayers,
  type OpenedLlama,
  openLlama,
  ropeTable,
} from '@vitamin-vlm/llava-bridge';
import { SessionPool } from '@vitamin-vlm/runtime';
import type { Golden } from '../golden/golden.ts';
import type { GoldenContext } from '../golden/checker.ts';
import { runGraph } from '../fvit/run-graph.ts';
import { llamaShapes, llavaIds, writeLlama } from './weights.ts';

/** Answers of LLaMA without a picture: 18 made-up ids behind the beginning. */
const COUNT = 18;

/** A language model alone: hidden states, logits, loss, greedy and beam answers, batches. */
export async function compareTextOnly(golden: Golden, config: Golden, prefix: string, name: string, context: GoldenContext): Promise<void> {
  const folder = join(context.folder, `text-${name}`);
  await writeLlama(folder, config.value as Record<string, unknown>, prefix);
  const model = await openLlama(folder, { cacheDir: join(context.folder, 'cache') });
  const { vocabulary } = model.config;
  const ids = llavaIds('text.ids', COUNT, vocabulary);
  golden.at('ids').equal(ids);
  golden.at('parameters').equal(countParameters(model.config));
  // A tied head is a name of its own in the original, for the same numbers.
  const names = Object.fromEntries(llamaShapes({ ...model.config, tied: false }));
  golden.at('tensorNames').equal(golden.at('tensorNames').value === null ? null : names);
  const taps = await runWhole(model, ids, context);
  for (let i = 0; i <= model.config.layers; i++) golden.at(`hiddenStates${i}`).tensor(taps[`hidden${i}`]!);
  golden.at('logits').tensor(taps['logits']!);
  golden.at('lossAllTokens').tensor(taps['loss']!);

  await using sessions = new SessionPool({ threads: context.threads, cacheDir: join(context.folder, 'cache') });
  const decoder = new Decoder(model, sessions);
  const prompt = await decoder.embed(ids);
  const same = await compareGreedy(golden.at('greedy24'), decoder, prompt);
  const batch = golden.at('leftPaddedBatch');
  const lengths = batch.at('lengths').takeNumbers();
  const prompts = await Promise.all(lengths.map((length) => decoder.embed(ids.slice(0, length))));
  const newIds = batch.at('newIds').value as number[][];
  const options = { maxTokens: newIds[0]!.length, eos: [] };
  const together = await generateBatch(decoder, prompts, options);
  batch.at('newIds').equal(together);
  const alone = await Promise.all(prompts.map((each) => generateBatch(decoder, [each], options)));
  batch.at('sameAsOneByOne').equal(JSON.stringify(alone.flat()) === JSON.stringify(together));
  const beam = golden.at('beam5');
  const found = await beamSearch(decoder, prompt, { beams: 5, maxTokens: beam.at('maxNewTokens').takeNumber() });
  beam.at('newIds').equal(found.map((each) => each.ids));
  beam.at('scores').numbers(found.map(({ score }) => score));

  golden.at('float32SameGreedy').equal(same);
}

/** 24 ids, and by how much each one was best. Gives whether the ids are those of the original. */
export async function compareGreedy(
  golden: Golden,
  decoder: Decoder,
  prompt: Tensor<'float32'>,
  before: readonly number[] = [],
): Promise<boolean> {
  const margins = golden.at('top1MinusTop2');
  const count = (margins.value as number[]).length;
  const ids: number[] = [];
  for await (const id of generateIds(decoder, prompt, { maxTokens: count, eos: [] })) ids.push(id);
  golden.at('ids').equal([...before, ...ids]);
  const found: number[] = [];
  let output = await decoder.read([prompt]);
  for (const id of ids) {
    const [first, second] = Float32Array.from(output.logits.data).toSorted().subarray(-2).toReversed() as unknown as [number, number];
    found.push(first - second);
    if (found.length < count) output = await decoder.read([await decoder.embed([id])], output.cache);
  }
  // A difference of two logits near one.
  margins.numbers(found, 1);
  return String(golden.at('ids').value) === String([...before, ...ids]);
}

/** Every hidden state of a text, read at once. */
async function runWhole(
  { config, weights }: OpenedLlama,
  ids: readonly number[],
  { threads, folder }: GoldenContext,
): Promise<Record<string, Tensor<'float32'>>> {
  const graph = new Graph('whole');
  const { root } = new Parameters(graph, { weights });
  const length = ids.length;
  const tokens = graph.input('ids', 'int64', [1, length]);
  const positions = graph.input('positions', 'int64', [1, length]);
  const embedded = gather(embeddingTable(root, config), tokens);
  const places = { positions, visible: causalVisibility(positions, positions), rope: ropeTable(graph, config, length) };
  const { layers, norm } = llamaLayers(root.at('model'), embedded, config, places);
  const logits = languageHead(root, norm, config);
  const hidden = [embedded, ...layers.slice(0, -1).map(({ out }) => out), norm];
  const integers = (numbers: readonly number[]): Tensor => tensor('int64', [1, length], BigInt64Array.from(numbers, BigInt));
  const outputs = await runGraph(
    graph,
    { ...Object.fromEntries(hidden.map((value, i) => [`hidden${i}`, value])), logits },
    { ids: integers(ids), positions: integers(ids.map((_, i) => i)) },
    { threads, cacheDir: join(folder, 'cache') },
  );
  return { ...outputs, loss: await lossOf(outputs['logits']!, ids, threads) };
}

/** Mean cross-entropy of every next token. */
async function lossOf({ shape, data }: Tensor<'float32'>, ids: readonly number[], threads: number | undefined): Promise<Tensor<'float32'>> {
  const [, length = 0, vocabulary = 0] = shape;
  const graph = new Graph('loss');
  const logits = graph.input('logits', 'float32', [length - 1, vocabulary]);
  const labels = graph.input('labels', 'int64', [length - 1]);
  const { loss } = await runGraph(
    graph,
    { loss: crossEntropy(logits, labels) },
    {
      logits: tensor('float32', [length - 1, vocabulary], data.subarray(0, (length - 1) * vocabulary)),
      labels: tensor('int64', [length - 1], BigInt64Array.from(ids.slice(1), BigInt)),
    },
    { threads },
  );
  return tensor('float32', [1], loss!.data);
}
