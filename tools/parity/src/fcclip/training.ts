import { type Tensor, tensor } from '@vitamin-vlm/core';
import {
  declaredHeads,
  type FcclipConfig,
  type Match,
  matchBatch,
  matchedFeeds,
  pointCounts,
  type SegmenterLosses,
  synonymTable,
  trainingForward,
  trainingLosses,
  type TrainingRules,
  trainingRules,
  type TrainingWords,
  type Truth,
} from '@vitamin-vlm/fcclip-segmentation';
import { gradients, type Value } from '@vitamin-vlm/graph';
import type { SessionOptions } from '@vitamin-vlm/runtime';
import { formulaStream, formulaValues } from '../formula.ts';
import { runGraph } from '../fvit/run-graph.ts';
import type { Golden } from '../golden/golden.ts';
import type { FloatMaps, FloatTensor } from './network.ts';
import type { GoldenWords } from './text.ts';
import { fcclipTensor } from './weights.ts';

/** Side of the patches of the true masks, in pixels. */
const PATCH = 16;

/** What a step of training starts from. */
export interface TrainingStart {
  readonly config: FcclipConfig;
  readonly seedSuffix: string;
  readonly words: GoldenWords;
  /** The tower's maps of the picture, by level. */
  readonly maps: FloatMaps;
}

/** One step in training mode: costs and matches of every prediction, uncertain points, losses, gradients. */
export async function compareTraining(
  golden: Golden,
  { config, seedSuffix, words, maps }: TrainingStart,
  session: SessionOptions,
): Promise<void> {
  const own = golden.at('training');
  const truth = readTruth(golden, config, seedSuffix);
  const pairs = truth.classes.length;
  const [matching] = own.at('randCalls').take() as { shape: [number, number, number] }[];
  const [classes, masks, dice] = ['loss_ce', 'loss_mask', 'loss_dice'].map((name) => own.at('weights', name).takeNumber()) as [
    number,
    number,
    number,
  ];
  const rules: TrainingRules = { ...trainingRules, points: matching!.shape[1], weights: { classes, masks, dice } };
  own.at('numTemplates').equal(words.trained.map(({ synonyms }) => synonyms.length));
  const trainWords: TrainingWords = { embeddings: words.trainText, synonyms: synonymTable(words.trained) };
  const shape = { pictures: 1, pairs };
  const weights = [...declaredHeads(config)].map(([name, extents]) => [name, fcclipTensor(name, extents, { seedSuffix })] as const);
  const feeds = { ...maps, ...Object.fromEntries(weights) };

  const places = placesOf(own, config);
  const drawn = (place: number, call: number, rows: number, count: number): FloatTensor =>
    formulaValues(`points${3 * place + call}${seedSuffix}`, [rows, count, 2], 1, 0.5);
  const points = Object.fromEntries(places.map((place, i) => [`points${i}`, drawn(place, 0, 1, rules.points)]));
  const forward = trainingForward(config, shape, trainWords, rules);
  const results = await runGraph(forward, {}, { ...feeds, ...points }, session);
  const matches = matchBatch(results, points, [truth], config, rules).map(([match]) => match!);
  compareMatches(own, matches, places);

  const counts = pointCounts(rules);
  const sampled = places.flatMap((place, i) => {
    const order = ranks(matches[i]!.queries);
    return [
      [`candidates${i}`, inOrder(drawn(place, 1, pairs, counts.candidates), order)],
      [`anywhere${i}`, inOrder(drawn(place, 2, pairs, counts.anywhere), order)],
    ] as const;
  });
  const matched = matchedFeeds(
    matches.map((match) => [match]),
    [truth],
    config,
    shape,
    words.trained.length,
  );
  await compareLosses(
    golden,
    places,
    { config, trainWords, rules, pairs },
    { ...feeds, ...Object.fromEntries(sampled), ...matched },
    session,
  );
}

/** For each of our predictions, which is in the order of the layers, its place in the file. */
function placesOf(own: Golden, { decoderLayers }: FcclipConfig): number[] {
  const order = own.at('order').take() as string[];
  return Array.from({ length: decoderLayers + 1 }, (_, i) => order.indexOf(i === decoderLayers ? 'final' : `aux${i}`));
}

function readTruth(golden: Golden, { canvas }: FcclipConfig, seedSuffix: string): Truth {
  const classes = Int32Array.from(golden.at('training', 'labels').takeNumbers());
  const [height, width] = golden.at('config', 'image').takeNumbers() as [number, number];
  const [rows, columns] = [Math.floor(height / PATCH) + 1, Math.floor(width / PATCH) + 1];
  const next = formulaStream(`gtmask${seedSuffix}`);
  const masks = Array.from(classes, () => {
    const cells = Array.from({ length: rows * columns }, next);
    return Uint8Array.from({ length: canvas.width * canvas.height }, (_, i) => {
      const [x, y] = [i % canvas.width, Math.floor(i / canvas.width)];
      return Number(x < width && y < height && cells[Math.floor(y / PATCH) * columns + Math.floor(x / PATCH)]! > 0);
    });
  });
  golden.at('training', 'gtAreas').equal(masks.map((mask) => mask.reduce((sum, inside) => sum + inside, 0)));
  return { masks, classes };
}

function compareMatches(own: Golden, matches: readonly Match[], places: readonly number[]): void {
  const inOrderOfFile = places.map((_, place) => matches[places.indexOf(place)]!.costs);
  own.at('costMatrices').numbers(inOrderOfFile.flat(2));
  for (const [i, { costs, queries }] of matches.entries()) {
    const place = places[i]!;
    const expected = own.at('matching', place);
    const pairs = [...queries].map((query, target) => ({ query, target })).toSorted((a, b) => a.query - b.query);
    expected.at('queries').equal(pairs.map(({ query }) => query));
    expected.at('targets').equal(pairs.map(({ target }) => target));
    const [best, second] = cheapest(costs) as [number, number];
    expected.at('totalCost').numbers([pairs.reduce((sum, { query, target }) => sum + costs[query]![target]!, 0)]);
    expected.at('gapToSecondBest').numbers([second - best], best);
  }
}

/** Total costs of the best assignment and of the next one, found by trying all. */
function cheapest(costs: readonly (readonly number[])[]): number[] {
  let best: number[] = [];
  const walk = (target: number, used: ReadonlySet<number>, total: number): void => {
    if (target === costs[0]!.length) {
      best = [...best, total].toSorted((a, b) => a - b).slice(0, 2);
      return;
    }
    for (const [query, row] of costs.entries()) if (!used.has(query)) walk(target + 1, new Set([...used, query]), total + row[target]!);
  };
  walk(0, new Set(), 0);
  return best;
}

/** For each target the place of its query among all, which is the order of pairs in the original program. */
function ranks(queries: Int32Array): number[] {
  const sorted = queries.toSorted();
  return [...queries].map((query) => sorted.indexOf(query));
}

function inOrder({ shape, data }: FloatTensor, order: readonly number[]): FloatTensor {
  const length = data.length / shape[0]!;
  return tensor('float32', shape, Float32Array.from(order.flatMap((row) => [...data.subarray(row * length, (row + 1) * length)])));
}

interface LossCase {
  readonly config: FcclipConfig;
  readonly trainWords: TrainingWords;
  readonly rules: TrainingRules;
  readonly pairs: number;
}

async function compareLosses(
  golden: Golden,
  places: readonly number[],
  { config, trainWords, rules, pairs }: LossCase,
  feeds: Readonly<Record<string, Tensor>>,
  session: SessionOptions,
): Promise<void> {
  const own = golden.at('training');
  const { graph, losses, trained } = trainingLosses(config, { pictures: 1, pairs }, trainWords, rules);
  const slopes = gradients(losses.total, [...trained.values()]);
  const named = [...trained.keys()].map((path, i) => [`gradient ${path}`, slopes[i]!] as const);
  const found = await runGraph(graph, { total: losses.total, ...lossValues(losses), ...Object.fromEntries(named) }, feeds, session);
  const number = (name: string): number => found[name]!.data[0]!;
  for (const [i, place] of places.entries()) {
    const suffix = i === config.decoderLayers ? '' : `_${i}`;
    for (const [loss, name] of [
      ['classes', 'loss_ce'],
      ['masks', 'loss_mask'],
      ['dice', 'loss_dice'],
    ] as const) {
      own.at('rawLosses', name + suffix).numbers([number(`${loss}${i}`)]);
      golden.at('float32_run', 'rawLosses', name + suffix).numbers([number(`${loss}${i}`)]);
    }
    comparePoints(own.at('uncertainPointsT', place), found[`points${i}`]!, pointCounts(rules).uncertain);
  }
  own.at('weightedTotal').numbers([number('total')]);
  const norms = named.map(([name]) => Math.hypot(...found[name]!.data));
  own.at('gradNormAllTrainable').numbers([Math.hypot(...norms)]);
  own.at('trainableTensorsWithGradient').equal(norms.filter((norm) => norm > 0).length);
  own.at('parametersWithoutGradient').equal([...trained.keys()].filter((_, i) => norms[i] === 0));
  for (const name of golden.at('gradients').keys()) golden.at('gradients', name).tensor(found[`gradient ${name}`]!);
  golden.at('float32_run', 'matching_equal').equal(true);
}

function lossValues({ predictions }: SegmenterLosses): Record<string, Value> {
  return Object.fromEntries(
    predictions.flatMap((parts, i) => Object.entries(parts).map(([name, value]) => [`${name}${i}`, value as Value])),
  );
}

function comparePoints(golden: Golden, { shape, data }: FloatTensor, uncertain: number): void {
  const [, count = 0] = shape;
  const sumOf = (axis: 0 | 1, most: number): number =>
    data.reduce((sum, value, i) => (i % 2 === axis && Math.floor(i / 2) % count < most ? sum + value : sum), 0);
  golden.at('shape').equal(shape);
  golden.at('sumX').numbers([sumOf(0, count)]);
  golden.at('sumY').numbers([sumOf(1, count)]);
  golden.at('importantSumX').numbers([sumOf(0, uncertain)]);
}
