import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import * as g from '@vitamin-vlm/graph';

export const optimizer: g.TrainingOptions = { beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.01, clipNorm: 1 };

/** Numbers in [-1, 1) from a small linear congruential generator. */
export function random(shape: readonly number[], seed: number): Tensor<'float32'> {
  let state = Math.imul(seed + 1, 2654435761) >>> 0;
  const data = Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  return tensor('float32', shape, data);
}

/** Mean squared error of a layer of 4 -> 2 on some rows. */
export function fitLoss(graph: g.Graph, rows: number): { loss: g.Value; y: g.Value; parameters: g.Parameters } {
  const parameters = new g.Parameters(graph, { trainable: () => true });
  const y = g.linear(parameters.root.at('fc'), graph.input('x', 'float32', [rows, 4]), 2);
  const miss = g.sub(y, graph.input('target', 'float32', [rows, 2]));
  return { loss: g.reshape(g.reduceMean(g.mul(miss, miss), [0, 1]), []), y, parameters };
}

export const initial: ReadonlyMap<string, Tensor> = new Map([
  ['fc.weight', random([2, 4], 1)],
  ['fc.bias', random([2], 2)],
]);

/** The whole step as one model. `extend` may add outputs. */
export function fitStep(rows: number, extend?: (graph: g.Graph, y: g.Value) => void): g.OnnxModel {
  const graph = new g.Graph('step');
  const { loss, y, parameters } = fitLoss(graph, rows);
  extend?.(graph, y);
  g.addTrainingStep(loss, parameters.trained, optimizer);
  return g.toOnnx(graph);
}

/** Rows of x and of what the layer should make of them. */
export function fitBatch(index: number, rows: number): { x: Tensor<'float32'>; target: Tensor<'float32'> } {
  const x = random([rows, 4], 10 + index);
  const target = Float32Array.from({ length: rows * 2 }, (_, i) => x.data[(i >> 1) * 4 + (i & 1)]! * 2 - 0.5);
  return { x, target: tensor('float32', [rows, 2], target) };
}
