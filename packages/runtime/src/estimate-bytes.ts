import { bytesPerElement, type DType } from '@vitamin-vlm/core';
import type { Graph, Value } from '@vitamin-vlm/graph';

/** What a name stands for in a shape that is only known at run time: a batch of sentences, a row of cells. */
const NAMED_EXTENT = 64;
/** A thread with its JavaScript engine, and what ONNX Runtime itself takes. */
const SESSION_BYTES = 20 * 2 ** 20;
/** ONNX Runtime's arena grows by powers of two, and plans results that follow each other side by side. */
const ARENA = 2;

/**
 * About how much memory a session for a graph takes: 20 MiB for its thread, its weights, halves in float32, as ONNX Runtime widens them, and
 * twice the most that its results take at one time. Names in shapes count as 64. An estimate, within about a third of what the embedded model
 * was seen to take at window sizes from 96 to 384.
 *
 * @example
 * ```ts
 * import { Graph } from '@vitamin-vlm/graph';
 * import { estimateBytes } from '@vitamin-vlm/runtime';
 * const graph = new Graph('echo');
 * graph.output('y', graph.input('x', 'float32', [1, 3, 224, 224]));
 * console.log(estimateBytes(graph)); // 22175744: 20 MiB, and x twice
 * ```
 */
export function estimateBytes(graph: Graph): number {
  let weights = 0;
  for (const { shape, dtype } of graph.initializers.values()) weights += elements(shape) * widened(dtype);
  const lastUse = new Map<Value, number>();
  const end = graph.nodes.length;
  graph.nodes.forEach(({ inputs }, at) => inputs.forEach((input) => input && lastUse.set(input, at)));
  for (const value of [...graph.outputs.values(), ...graph.inputs.values()]) lastUse.set(value, end);
  const isWeight = (value: Value): boolean => graph.initializers.has(value.name);
  const freed = Array.from({ length: end + 1 }, () => 0);
  for (const [value, at] of lastUse) if (!isWeight(value)) freed[at]! += bytesOf(value);
  let live = [...graph.inputs.values()].reduce((sum, value) => sum + bytesOf(value), 0);
  let most = live;
  graph.nodes.forEach(({ values }, at) => {
    for (const value of values) if (lastUse.has(value)) live += bytesOf(value);
    most = Math.max(most, live);
    live -= freed[at]!;
  });
  return SESSION_BYTES + weights + ARENA * most;
}

/** Bytes of an element of a weight in memory: halves are widened, whole numbers stay as they are. */
function widened(dtype: DType): number {
  return dtype === 'float16' || dtype === 'bfloat16' ? 4 : bytesPerElement(dtype);
}

function bytesOf({ shape, dtype }: Value): number {
  return elements(shape) * bytesPerElement(dtype);
}

function elements(shape: Value['shape']): number {
  return shape.reduce<number>((product, extent) => product * (typeof extent === 'number' ? extent : NAMED_EXTENT), 1);
}
