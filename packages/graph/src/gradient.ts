import { tensor, VitaminError } from '@vitamin-vlm/core';
import type { Graph, Node, Value } from './graph.ts';
import { expectFloats } from './expect.ts';
import { add } from './ops/arithmetic.ts';
import { formatShape } from './shape.ts';

/**
 * Reverse-mode differentiation: adds nodes to the graph that compute d loss / d value for each of `wrt`, in their order.
 * Only paths from `wrt` to the loss are differentiated, so a frozen tower costs nothing. The rules stand beside the operators.
 *
 * @param loss scalar (`[]`) or one element.
 * @throws VitaminError `UNSUPPORTED` when an operator on the way has no rule; `USAGE` when the loss does not depend on a value.
 * @example
 * ```ts
 * import { gradients, Graph, mul, reduceSum, reshape } from '@vitamin-vlm/graph';
 * const graph = new Graph('square');
 * const x = graph.input('x', 'float32', [3]);
 * const loss = reshape(reduceSum(mul(x, x), [0]), []);
 * const [dx] = gradients(loss, [x]); // 2x
 * graph.output('dx', dx!);
 * ```
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  if (!loss.shape.every((dim) => dim === 1))
    throw new VitaminError('USAGE', `Expected a loss of one element but received ${formatShape(loss.shape)}`);
  expectFloats('gradients', loss, ...wrt);
  const graph = loss.graph;
  const forward = graph.nodes.slice();
  const active = activeValues(forward, wrt);
  const sums = new Map<string, Value>([[loss.name, graph.constant(tensor('float32', loss.shape as number[], new Float32Array([1])))]]);
  for (const node of forward.toReversed()) {
    const dy = sums.get(node.values[0]!.name);
    if (dy) propagate(node, dy, active, sums);
  }
  return wrt.map((value) => {
    const gradient = sums.get(value.name);
    if (!gradient) throw new VitaminError('USAGE', `Expected the loss to depend on "${value.name}" but it does not`);
    return gradient;
  });
}

/** Names of everything computed from `wrt`, themselves included. */
function activeValues(nodes: readonly Node[], wrt: readonly Value[]): Set<string> {
  const active = new Set(wrt.map((value) => value.name));
  for (const node of nodes) {
    if (node.inputs.some((input) => input && active.has(input.name))) for (const value of node.values) active.add(value.name);
  }
  return active;
}

function propagate(node: Node, dy: Value, active: ReadonlySet<string>, sums: Map<string, Value>): void {
  node.inputs.forEach((input, i) => {
    if (!input || !active.has(input.name)) return;
    const rule = node.gradient?.[i];
    if (rule === null) return;
    if (!rule) throw new VitaminError('UNSUPPORTED', `Expected a gradient rule for input ${i} of ${node.op} but it has none`);
    const part = rule(dy);
    const before = sums.get(input.name);
    sums.set(input.name, before ? add(before, part) : part);
  });
}

/**
 * The value as a constant for differentiation: gradients do not flow through it.
 *
 * @example
 * ```ts
 * import { Graph, mul, stopGradient } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', [4]);
 * const y = mul(x, stopGradient(x)); // dy/dx = x, not 2x
 * graph.output('y', y);
 * ```
 */
export function stopGradient(x: Value): Value {
  const graph: Graph = x.graph;
  return graph.node({ op: 'Identity', inputs: [x], dtype: x.dtype, shape: x.shape, gradient: [null] });
}
