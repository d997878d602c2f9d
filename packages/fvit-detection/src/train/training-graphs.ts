import { type Tensor, tensor } from '@vitamin-vlm/core';
import {
  accumulatedStep,
  add,
  addAccumulation,
  addTrainingStep,
  Graph,
  Parameters,
  type Params,
  roiAlign,
  toOnnx,
  type TrainingOptions,
  type Value,
} from '@vitamin-vlm/graph';
import type { StepGraphs } from '@vitamin-vlm/training';
import type { Extents } from '../boxes/delta-coder.ts';
import type { Level } from '../boxes/anchors.ts';
import { BOX_GRID, boxHead } from '../models/box-head.ts';
import type { FVitConfig } from '../models/config.ts';
import type { TowerMaps } from '../models/feature-pyramid.ts';
import { pyramidNetwork } from '../models/fvit.ts';
import { MASK_GRID, maskHead } from '../models/mask-head.ts';
import { cellOf, pyramidStrides, regionStrides } from '../models/tower-levels.ts';
import { BatchNorms } from './batch-norm.ts';
import { anchorLosses, maskLoss, regionLosses, type RegionTargetValues } from './losses.ts';
import { MASK_SIDE } from './mask-targets.ts';

/** Sizes that the graphs of a training are built for. */
export interface TrainingShape {
  /** Pictures of a batch. */
  readonly pictures: number;
  /** Extents of the network's input, multiples of 32, or of two patches of a plain Vision Transformer. */
  readonly canvas: Extents;
  /** Pixels per patch, where the tower is one. */
  readonly patch?: number | undefined;
  /** Regions of a batch: pictures · regions sampled of each. */
  readonly regions: number;
  /** Regions of a batch whose masks are learned: pictures · positives at most. */
  readonly maskRegions: number;
}

/** The classifier that regions are compared with in training. */
export interface TrainingClasses {
  /** [E, K + 1], unit columns, the background last. */
  readonly embeddings: Tensor<'float32'>;
  /** [K + 1]: weight of each class in the loss. Those with 0 are hidden: novel classes. */
  readonly weights: Float32Array;
}

/** Scalars; the total is their sum. For each level of the pyramid one of objectness and of anchor boxes. */
export interface DetectorLosses {
  readonly objectness: readonly Value[];
  readonly anchorBoxes: readonly Value[];
  readonly classes: Value;
  readonly boxes: Value;
  readonly masks: Value | undefined;
  readonly total: Value;
}

/**
 * Whether gradients reach a tensor of a detector: not the tower, and not what is counted or kept.
 *
 * @param path - Its name in the checkpoint.
 * @example
 * ```ts
 * import { isTrainable } from '@vitamin-vlm/fvit-detection';
 * console.log(isTrainable('neck.fpn_convs.0.bn.weight'), isTrainable('neck.fpn_convs.0.bn.running_mean')); // true false
 * ```
 */
export function isTrainable(path: string): boolean {
  return !/^backbone\.visual\.|\.(?:running_mean|running_var|num_batches_tracked|all_embeddings)$/u.test(path);
}

/** The levels of the pyramid, P2 to P6, of a canvas. Example: `allAnchors`. */
export function pyramidLevels({ width, height }: Extents, patch?: number): Level[] {
  const cell = cellOf({ patch });
  const strides = pyramidStrides(cell);
  const [heights, widths] = [cellsOf(height / cell), cellsOf(width / cell)];
  return heights.map((rows, level) => ({ stride: strides[level]!, height: rows, width: widths[level]! }));
}

/** Cells of every level along a side of `cells` of the tower's. The pool before P5 rounds down, that before P6 up. */
function cellsOf(cells: number): number[] {
  const last = Math.floor(cells / 2);
  return [4 * cells, 2 * cells, cells, last, Math.ceil(last / 2)];
}

/** Tower maps and parameters in, `logits0`, `deltas0` to `logits4`, `deltas4` out, with the batch's own statistics. One of the two of `trainingGraphs`. */
export function trainingForward(config: FVitConfig, shape: TrainingShape): Graph {
  const graph = new Graph('forward');
  const { root } = new Parameters(graph);
  const { rpn } = pyramidNetwork(root, batchMaps(graph, config, shape), config, new BatchNorms().norm);
  for (const [level, { logits, deltas }] of rpn.entries()) {
    graph.output(`logits${level}`, logits);
    graph.output(`deltas${level}`, deltas);
  }
  return graph;
}

/**
 * The losses of a detector in a new graph, whose inputs are the tower's maps, the parameters, and the feeds of `anchorTargetFeeds`, `regionTargetFeeds` and
 * `maskTargetFeeds`. `norms` hold the running statistics.
 */
export function trainingLosses(
  config: FVitConfig,
  shape: TrainingShape,
  classes: TrainingClasses,
): { readonly graph: Graph; readonly losses: DetectorLosses; readonly trained: ReadonlyMap<string, Value>; readonly norms: BatchNorms } {
  const graph = new Graph('losses');
  const parameters = new Parameters(graph, { trainable: isTrainable });
  const { root } = parameters;
  const norms = new BatchNorms();
  const { pyramid, rpn } = pyramidNetwork(root, batchMaps(graph, config, shape), config, norms.norm);
  const anchors = rpn.map((maps, level) => {
    const map = (name: string, like: Value): Value => graph.input(`${name}${level}`, 'float32', like.shape);
    const targets = { objects: map('objects', maps.logits), counted: map('counted', maps.logits), moves: map('moves', maps.deltas) };
    return anchorLosses(maps, targets);
  });
  const head = root.at('roi_head').at('bbox_head');
  const features = trainingFeatures(graph, 'regions', { pyramid, shape, count: shape.regions, grid: BOX_GRID });
  const found = regionLosses(
    boxHead(head, features, config, norms.norm),
    graph.constant(classes.embeddings),
    head.get('detect_temperature', []),
    regionTargetInputs(graph, shape, classes),
  );
  const masks = config.masks ? masksOf(graph, root, pyramid, shape, norms) : undefined;
  const [objectness, anchorBoxes] = [anchors.map((loss) => loss.objectness), anchors.map((loss) => loss.boxes)];
  const parts = [...objectness, ...anchorBoxes, found.classes, found.boxes, ...(masks ? [masks] : [])];
  const losses = { objectness, anchorBoxes, ...found, masks, total: sum(parts) };
  return { graph, losses, trained: parameters.trained, norms };
}

/**
 * The graphs that `train` runs: what the proposal network finds, and the step from its targets. Logs each kind of loss by its name.
 *
 * @param batches - Batches of a step, whose gradients are averaged: for steps that do not fit into memory at once. Default 1.
 * @example
 * ```ts
 * import { type FVitConfig, type TrainingClasses, trainingGraphs, type TrainingShape } from '@vitamin-vlm/fvit-detection';
 * import type { StepGraphs } from '@vitamin-vlm/training';
 * const optimizer = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1, clipNorm: 1 };
 * const graphs = (config: FVitConfig, shape: TrainingShape, classes: TrainingClasses): StepGraphs => trainingGraphs(config, shape, classes, optimizer);
 * ```
 */
export function trainingGraphs(
  config: FVitConfig,
  shape: TrainingShape,
  classes: TrainingClasses,
  optimizer: TrainingOptions,
  batches = 1,
): StepGraphs {
  const { graph, losses, trained, norms } = trainingLosses(config, shape, classes);
  graph.output('objectness', sum(losses.objectness));
  graph.output('anchorBoxes', sum(losses.anchorBoxes));
  graph.output('regionClasses', losses.classes);
  graph.output('regionBoxes', losses.boxes);
  if (losses.masks) graph.output('masks', losses.masks);
  norms.output(graph);
  const forward = toOnnx(trainingForward(config, shape));
  if (batches === 1) {
    addTrainingStep(losses.total, trained, optimizer);
    return { forward, step: toOnnx(graph) };
  }
  addAccumulation(losses.total, trained);
  const apply = new Graph('apply');
  accumulatedStep(apply, trained, optimizer);
  return { forward, accumulate: toOnnx(graph), apply: toOnnx(apply), batches };
}

/** Declares the tower's maps of a batch: `os4`, `os8`, `mid`, `final`. */
function batchMaps(graph: Graph, { channels, patch }: FVitConfig, { pictures, canvas }: TrainingShape): TowerMaps {
  const map = (name: string, index: number, stride: number): Value =>
    graph.input(name, 'float32', [pictures, channels[index]!, canvas.height / (patch ?? stride), canvas.width / (patch ?? stride)]);
  return { os4: map('os4', 0, 4), os8: map('os8', 1, 8), mid: map('mid', 2, 16), final: map('final', 3, 16) };
}

/**
 * Regions read from the levels of their size, [R, C, grid, grid], in the order of the feeds: every level reads all of them, and those that belong to another
 * level have no extent there, which gives 0 and costs next to nothing. Extents stay fixed that way, which gradients need.
 */
function trainingFeatures(
  graph: Graph,
  name: string,
  {
    pyramid,
    shape,
    count,
    grid,
  }: { readonly pyramid: readonly Value[]; readonly shape: TrainingShape; readonly count: number; readonly grid: number },
): Value {
  const pictures = graph.input(`${name}Pictures`, 'int64', [count]);
  const parts = regionStrides(cellOf(shape)).map((stride, level) => {
    const map = pyramid[level]!;
    const [batch, , height, width] = map.shape as [number, number, number, number];
    const boxes = graph.input(`${name}Boxes${level}`, 'float32', [count, 4]);
    const weights = {
      rows: graph.input(`${name}Rows${level}`, 'float32', [count, grid, batch * height]),
      columns: graph.input(`${name}Columns${level}`, 'float32', [count, grid, width]),
    };
    return roiAlign(map, boxes, pictures, { size: [grid, grid], scale: 1 / stride, weights });
  });
  return sum(parts);
}

function regionTargetInputs(graph: Graph, { regions }: TrainingShape, { weights }: TrainingClasses): RegionTargetValues {
  const row = (data: Float32Array): Value => graph.constant(tensor('float32', [data.length], data));
  return {
    classes: graph.input('classes', 'int64', [regions]),
    classWeights: row(weights),
    hidden: row(weights.map((weight) => (weight > 0 ? 0 : -Infinity))),
    share: graph.input('share', 'float32', []),
    moves: graph.input('regionMoves', 'float32', [regions, 4]),
    moved: graph.input('regionMoved', 'float32', [regions, 1]),
  };
}

function masksOf(graph: Graph, root: Params, pyramid: readonly Value[], shape: TrainingShape, norms: BatchNorms): Value {
  const count = shape.maskRegions;
  const features = trainingFeatures(graph, 'masks', { pyramid, shape, count, grid: MASK_GRID });
  const logits = maskHead(root.at('roi_head').at('mask_head'), features, norms.norm);
  const targets = graph.input('maskTargets', 'float32', [count, 1, MASK_SIDE, MASK_SIDE]);
  return maskLoss(logits, targets, graph.input('maskWeights', 'float32', [count, 1, 1, 1]));
}

function sum(values: readonly Value[]): Value {
  return values.reduce((a, b) => add(a, b));
}
