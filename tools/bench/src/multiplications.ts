import { type Graph, product } from '@vitamin-vlm/graph';

/**
 * Multiply-accumulate operations of one run: convolutions and matrix products, those of attention included. Shapes must be fixed,
 * and left factors of matrix products not transposed.
 */
export function multiplications(graph: Graph): number {
  let sum = 0;
  for (const { op, inputs, values } of graph.nodes) {
    const outputs = product(values[0]!.shape) as number;
    if (op === 'MatMul' || op === 'Gemm') sum += outputs * (inputs[0]!.shape.at(-1) as number);
    else if (op === 'Conv') sum += outputs * (product(inputs[1]!.shape.slice(1)) as number);
  }
  return sum;
}
