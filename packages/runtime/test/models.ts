import { tensor, type DType, type TensorRecord } from '@vitamin-vlm/core';
import { add, Graph, matmul, mul, toOnnx, type OnnxModel } from '@vitamin-vlm/graph';

/** y = x * w, element by element, with w in the graph. */
export function scaleModel(scale: readonly number[]): OnnxModel {
  const graph = new Graph('scale');
  const x = graph.input('x', 'float32', [scale.length]);
  graph.output('y', mul(x, graph.initializer('w', tensor('float32', [scale.length], Float32Array.from(scale)))));
  return toOnnx(graph);
}

/** y = x * w, with w in a file at a byte offset. */
export function externalScaleModel(file: string, offset: number, length: number): OnnxModel {
  return toOnnx(externalScaleGraph(file, offset, length));
}

export function externalScaleGraph(file: string, offset: number, length: number): Graph {
  const graph = new Graph('scale');
  const x = graph.input('x', 'float32', [length]);
  const w: TensorRecord = { name: 'w', dtype: 'float32', shape: [length], file, offset, byteLength: length * 4 };
  graph.output('y', mul(x, graph.initializer('w', w)));
  return graph;
}

/** x: [size, size], multiplied `layers` times by a matrix that keeps it as it is: 2 * layers * size^3 operations. */
export function slowModel(size: number, layers: number): OnnxModel {
  const graph = new Graph('slow');
  const identity = Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
  const w = graph.initializer('w', tensor('float32', [size, size], identity));
  let y = graph.input('x', 'float32', [size, size]);
  for (let layer = 0; layer < layers; layer++) y = matmul(y, w);
  graph.output('y', y);
  return toOnnx(graph);
}

/** A training step's traffic without its arithmetic: `count` parameters in, the same parameters doubled out. */
export function doublingModel(count: number, length: number): OnnxModel {
  const graph = new Graph('doubling');
  for (let i = 0; i < count; i++) {
    const parameter = graph.input(`in${i}`, 'float32', [length]);
    graph.output(`out${i}`, add(parameter, parameter));
  }
  return toOnnx(graph);
}

/** One output per input, unchanged: `in_<dtype>` to `out_<dtype>`. Every dimension is symbolic. */
export function identityModel(ranks: Readonly<Partial<Record<DType, number>>>): OnnxModel {
  const graph = new Graph('identity');
  for (const [dtype, rank] of Object.entries(ranks) as [DType, number][]) {
    const shape = Array.from({ length: rank }, (_, i) => `${dtype}_${i}`);
    graph.output(`out_${dtype}`, graph.input(`in_${dtype}`, dtype, shape));
  }
  return toOnnx(graph);
}

/** y = x reshaped to a length that is only known when it runs; any length but 4 fails inside ONNX Runtime. */
export function reshapeModel(): OnnxModel {
  const graph = new Graph('reshape');
  const inputs = [graph.input('x', 'float32', [4]), graph.input('shape', 'int64', [1])];
  graph.output('y', graph.node({ op: 'Reshape', inputs, dtype: 'float32', shape: ['n'], introduces: ['n'] }));
  return toOnnx(graph);
}
