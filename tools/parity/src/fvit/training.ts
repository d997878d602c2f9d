import { type Tensor, tensor } from '@vitamin-vlm/core';
import {
  allAnchors,
  batchTargets,
  type BatchTargets,
  type Bitmap,
  declaredHeads,
  type Extents,
  type FVitConfig,
  isTrainable,
  type Level,
  MASK_SIDE,
  pyramidLevels,
  takeEvenly,
  targetFeeds,
  trainingForward,
  trainingLosses,
  type TrainingRules,
  trainingRules,
  type TrainingShape,
  type Truth,
} from '@vitamin-vlm/fvit-detection';
import { add, addTrainingStep, gradients, toOnnx, type Value } from '@vitamin-vlm/graph';
import { Session, type SessionOptions } from '@vitamin-vlm/runtime';
import type { Golden } from '../golden/golden.ts';
import type { FloatTensor } from './pyramid.ts';

/** What a step of training starts from. */
export interface TrainingStart {
  readonly config: FVitConfig;
  readonly flavor: 'coco' | 'lvis';
  readonly novel: readonly number[];
  /** The tower's maps, by name. */
  readonly maps: Readonly<Record<string, FloatTensor>>;
  /** Every tensor of the heads, by name. */
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly canvas: Extents;
  readonly extents: Extents;
}

/** Gradients that pass back through the whole box head: the original program itself, in float32, agrees with its float64 no better than `DEEP_LIMITS`. */
const DEEP = /^(?:roi_head\.bbox_head\.shared_convs\.0|neck\.lateral_convs\.1|backbone\.interpolate1\.0)\b/u;
const DEEP_LIMITS = { single: 0.05, mean: 2e-3 };

/** One whole step in training mode: targets, losses, gradients, clipping, AdamW, running statistics. */
export async function compareTraining(golden: Golden, start: TrainingStart, session: SessionOptions): Promise<void> {
  const { config, flavor, novel, maps, weights, canvas } = start;
  const truth = readTruth(golden, start);
  const family = trainingRules[flavor === 'coco' ? 'ov-coco' : 'ov-lvis'];
  const rules: TrainingRules = { ...family, proposals: { ...family.proposals, max: 300 } };
  const positives = golden.at('roiTargets', 'sampledPositive').keys().length;
  const regions = positives + (golden.at('roiTargets', 'sampledNegativeCount').value as number);
  const shape: TrainingShape = { pictures: 1, canvas, patch: config.patch, regions, maskRegions: positives };

  await using forward = await Session.create(toOnnx(trainingForward(config, shape)), session);
  const all = { ...maps, ...Object.fromEntries(weights) };
  const targets = batchTargets(await forward.run(pick(forward, all)), [truth], rules, shape, takeEvenly);
  compareAnchors(golden.at('rpnTargets'), targets, pyramidLevels(canvas, config.patch));
  compareRegions(golden.at('roiTargets'), targets);
  const masks = config.masks;
  const feeds = { ...all, ...targetFeeds(targets, [truth], shape, { background: config.classes, masks }) };
  if (masks) compareMaskTargets(golden.at('maskTargets'), feeds['maskTargets'] as FloatTensor);

  const classWeights = Float32Array.from({ length: config.classes + 1 }, (_, i) => {
    if (i === config.classes) return rules.background;
    return novel.includes(i) ? 0 : 1;
  });
  const classes = { embeddings: weights.get('roi_head.bbox_head.all_embeddings') as FloatTensor, weights: classWeights };
  await compareProposalGradients(golden.at('gradsOfRpnLossesOnly'), trainingLosses(config, shape, classes), feeds, session);
  await compareStep(golden, trainingLosses(config, shape, classes), feeds, session);
  golden.at('trainableTensors').equal([...declaredHeads(config).keys()].filter(isTrainable).length);
}

function readTruth(golden: Golden, { canvas, extents }: TrainingStart): Truth {
  const boxes = Float32Array.from(golden.at('gtBoxes').takeNumbers());
  const classes = Int32Array.from(golden.at('gtLabels').takeNumbers());
  if (!golden.has('gtMaskAreas')) return { boxes, classes, extents };
  const masks = Array.from(classes, (_, i) => ellipse(boxes.subarray(4 * i, 4 * i + 4), canvas));
  golden.at('gtMaskAreas').equal(masks.map(({ data }) => data.reduce((sum, inside) => sum + inside, 0)));
  return { boxes, classes, masks, extents };
}

/** The ellipse inside a box: pixels whose centers lie in it. */
function ellipse(box: Float32Array, { width, height }: Extents): Bitmap {
  const [x1, y1, x2, y2] = box as unknown as [number, number, number, number];
  const data = Uint8Array.from({ length: width * height }, (_, i) => {
    const x = ((i % width) + 0.5 - (x1 + x2) / 2) / ((x2 - x1) / 2);
    const y = (Math.floor(i / width) + 0.5 - (y1 + y2) / 2) / ((y2 - y1) / 2);
    return Number(x * x + y * y <= 1);
  });
  return { width, height, data };
}

function compareAnchors(golden: Golden, { anchors }: BatchTargets, levels: readonly Level[]): void {
  const { places, overlaps, sample, deltas } = anchors[0]!;
  const counts = [...places.keys()];
  const positives = counts.filter((i) => places[i]! >= 0);
  golden.at('assignedPositive').equal(positives.length);
  golden.at('assignedNegative').equal(counts.filter((i) => places[i] === -1).length);
  golden.at('assignedIgnored').equal(counts.filter((i) => places[i] === -2).length);
  golden.at('assignedPositiveIndices').equal(positives);
  golden.at('gtOfPositive').equal(positives.map((i) => places[i]));
  golden.at('sampledPositive').equal(sample.positives);
  compareNegatives(golden, sample.negatives);
  golden.at('positiveBoxTargets').numbers(deltas);
  golden.at('maxOverlaps').tensor({ shape: [allAnchors(levels).length / 4], data: overlaps });
  golden.at('minMargin07').numbers([margin(overlaps, 0.7)], 0.7);
  golden.at('minMargin03').numbers([margin(overlaps, 0.3)], 0.3);
}

function compareRegions(golden: Golden, { regions }: BatchTargets): void {
  const { assignment, sample, boxes, classes, deltas } = regions[0]!;
  const { places, overlaps } = assignment;
  golden.at('assignedPositive').equal(places.filter((place) => place >= 0).length);
  golden.at('assignedNegative').equal(places.filter((place) => place === -1).length);
  golden.at('sampledPositive').equal(sample.positives);
  compareNegatives(golden, sample.negatives);
  golden.at('positiveBoxes').numbers(boxes.subarray(0, 4 * classes.length));
  golden.at('labelsPositive').equal(classes);
  golden.at('positiveBoxTargets').numbers(deltas);
  const falling = overlaps.toSorted().toReversed();
  golden.at('maxOverlapsSortedDescending').tensor({ shape: [falling.length], data: falling });
  golden.at('minMargin05').numbers([margin(overlaps, 0.5)], 0.5);
}

function compareNegatives(golden: Golden, negatives: Int32Array): void {
  golden.at('sampledNegativeCount').equal(negatives.length);
  golden.at('sampledNegativeFirst20').equal(negatives.subarray(0, 20));
  golden.at('sampledNegativeSum').equal(negatives.reduce((sum, index) => sum + index, 0));
}

function margin(overlaps: Float32Array, threshold: number): number {
  return overlaps.reduce((least, overlap) => Math.min(least, Math.abs(overlap - threshold)), 1);
}

function compareMaskTargets(golden: Golden, { shape, data }: FloatTensor): void {
  const [count = 0] = shape;
  golden.at('t').tensor({ shape: [count, MASK_SIDE, MASK_SIDE], data });
  const cells = MASK_SIDE ** 2;
  golden
    .at('onesPerRoi')
    .equal(Array.from({ length: count }, (_, i) => data.subarray(i * cells, (i + 1) * cells).reduce((a, b) => a + b, 0)));
}

type Losses = ReturnType<typeof trainingLosses>;

async function compareProposalGradients(
  golden: Golden,
  { graph, losses, trained }: Losses,
  feeds: Readonly<Record<string, Tensor>>,
  session: SessionOptions,
): Promise<void> {
  const loss = [...losses.objectness, ...losses.anchorBoxes].reduce((a, b) => add(a, b));
  const found = await run(graph, gradientsOf(golden, loss, trained), feeds, session);
  for (const name of golden.keys()) golden.at(name).tensor(found[`gradient ${name}`]!);
}

async function compareStep(
  golden: Golden,
  { graph, losses, trained, norms }: Losses,
  feeds: Readonly<Record<string, Tensor>>,
  session: SessionOptions,
): Promise<void> {
  const named: Record<string, Value> = {
    regionClasses: losses.classes,
    regionBoxes: losses.boxes,
    ...(losses.masks && { masks: losses.masks }),
  };
  for (const [level, value] of losses.objectness.entries()) named[`objectness${level}`] = value;
  for (const [level, value] of losses.anchorBoxes.entries()) named[`anchorBoxes${level}`] = value;
  const parts = gradientsOf(golden.at('grads'), losses.total, trained);
  norms.output(graph);
  addTrainingStep(losses.total, trained, { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1, clipNorm: 1 });
  const state = Object.fromEntries(
    [...graph.inputs].filter(([name]) => name.includes(':')).map(([name, { dtype, shape }]) => [name, tensor(dtype, shape as number[])]),
  );
  const rate = tensor('float32', [], new Float32Array([1e-4]));
  const found = await run(graph, { ...named, ...parts }, { ...feeds, ...state, rate }, session);

  const number = (name: string): number => found[name]!.data[0]!;
  const levels = [...losses.objectness.keys()];
  const expected = golden.at('losses');
  expected.at('loss_rpn_cls').numbers(levels.map((level) => number(`objectness${level}`)));
  expected.at('loss_rpn_bbox').numbers(levels.map((level) => number(`anchorBoxes${level}`)));
  expected.at('loss_cls').numbers([number('regionClasses')]);
  expected.at('loss_bbox').numbers([number('regionBoxes')]);
  if (losses.masks) expected.at('loss_mask').numbers([number('masks')]);
  expected.at('total').numbers([number('loss')]);
  golden.at('gradNorm').numbers([number('gradientNorm')]);
  for (const name of golden.at('grads').keys())
    golden.at('grads', name).tensor(found[`gradient ${name}`]!, DEEP.test(name) ? DEEP_LIMITS : undefined);
  for (const group of ['bnRunningAfter', 'afterOneAdamWStep']) {
    for (const name of golden.at(group).keys()) golden.at(group, name).tensor(found[`${name}:next`]!);
  }
}

function gradientsOf(golden: Golden, loss: Value, trained: ReadonlyMap<string, Value>): Record<string, Value> {
  const names = golden.keys();
  const values = gradients(
    loss,
    names.map((name) => trained.get(name)!),
  );
  return Object.fromEntries(names.map((name, i) => [`gradient ${name}`, values[i]!]));
}

async function run(
  graph: Losses['graph'],
  values: Readonly<Record<string, Value>>,
  feeds: Readonly<Record<string, Tensor>>,
  options: SessionOptions,
): Promise<Record<string, FloatTensor>> {
  for (const [name, value] of Object.entries(values)) graph.output(name, value);
  await using session = await Session.create(toOnnx(graph), options);
  return (await session.run(pick(session, feeds))) as Record<string, FloatTensor>;
}

function pick({ inputs }: Session, feeds: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(inputs.map(({ name }) => [name, feeds[name]!]));
}
