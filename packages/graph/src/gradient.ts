import { VitaminError } from '@vitamin-vlm/core';
import type { Graph, Node, Value } from './graph.ts';
import { isFloat } from './expect.ts';
import { add } from './ops/arithmetic.ts';
import { formatShape, sameShape } from './shape.ts';

/**
 * Reverse-mode differentiation: adds nodes to the graph that compute d Σ(outputs · seeds) / d value for each of `wrt`, in their order.
 * Only paths from `wrt` to the outputs are differentiated, so a frozen tower costs nothing. The rules stand beside the operators.
 *
 * @param outputs a loss of one element; or several values of any shape, with a seed for each.
 * @param seeds the gradient that arrives at each output, in its shape and type, for what is worked out between forward and backward: matching,
 *   sampling, the loss of another graph. Default: ones, for outputs of one element.
 * @throws VitaminError `UNSUPPORTED` when an operator on the way has no rule, or a gradient arrives at a result that its rules do not take;
 *   `USAGE` when no output depends on a value, for seeds that do not fit, and for outputs of several elements without seeds.
 * @example
 * ```ts
 * import { gradients, Graph, mul, reduceSum, reshape } from '@vitamin-vlm/graph';
 * const graph = new Graph('square');
 * const x = graph.input('x', 'float32', [3]);
 * const y = mul(x, x);
 * const [dx] = gradients(reshape(reduceSum(y, [0]), []), [x]); // 2x
 * graph.output('dx', dx!);
 * const [weighted] = gradients([y], [x], [graph.input('dy', 'float32', [3])]); // 2x · dy
 * graph.output('weighted', weighted!);
 * ```
 */
export function gradients(outputs: Value | readonly Value[], wrt: readonly Value[], seeds?: readonly Value[]): Value[] {
  const ends = 'graph' in outputs ? [outputs] : outputs;
  for (const { dtype } of [...ends, ...wrt]) {
    if (!isFloat(dtype)) throw new VitaminError('USAGE', `Expected floating-point numbers to differentiate but received ${dtype}`);
  }
  const graph = ends[0]?.graph;
  if (!graph) throw new VitaminError('USAGE', 'Expected at least one output to differentiate but received none');
  const forward = graph.nodes.slice();
  const active = activeValues(forward, wrt);
  const sums = new Map<string, Value>();
  const arrive = (value: Value, part: Value): void => {
    const before = sums.get(value.name);
    sums.set(value.name, before ? add(before, part) : part);
  };
  const starts = seeds ?? ends.map(one);
  checkSeeds(ends, starts);
  ends.forEach((end, i) => arrive(end, starts[i]!));
  for (const node of forward.toReversed()) propagate(node, active, sums, arrive);
  return wrt.map((value) => {
    const gradient = sums.get(value.name);
    if (!gradient) throw new VitaminError('USAGE', `Expected the loss to depend on "${value.name}" but it does not`);
    return gradient;
  });
}

function one(loss: Value): Value {
  if (loss.shape.every((dim) => dim === 1))
    return loss.graph.scalar(
      1,
      loss.dtype,
      loss.shape.map(() => 1),
    );
  throw new VitaminError('USAGE', `Expected a loss of one element but received ${formatShape(loss.shape)}`, {
    hint: 'Reduce it to one element, or give the gradient that arrives at it as a seed.',
  });
}

function checkSeeds(ends: readonly Value[], seeds: readonly Value[]): void {
  if (ends.length !== seeds.length) {
    throw new VitaminError('USAGE', `Expected a seed for each of ${ends.length} outputs but received ${seeds.length}`);
  }
  ends.forEach((end, i) => {
    const seed = seeds[i]!;
    if (sameShape(end.shape, seed.shape) && end.dtype === seed.dtype) return;
    throw new VitaminError(
      'USAGE',
      `Expected a seed ${end.dtype} ${formatShape(end.shape)} for output ${i} but received ${seed.dtype} ${formatShape(seed.shape)}`,
    );
  });
}

function zeros({ graph, dtype, shape }: Value): Value {
  return graph.node({ op: 'Expand', inputs: [graph.scalar(0, dtype), graph.extents(shape)], dtype, shape });
}

/** Names of everything computed from `wrt` in floating point, themselves included. No gradient passes integers or truth values. */
function activeValues(nodes: readonly Node[], wrt: readonly Value[]): Set<string> {
  const active = new Set(wrt.map((value) => value.name));
  for (const node of nodes) {
    if (!node.inputs.some((input) => input && active.has(input.name))) continue;
    for (const value of node.values) if (isFloat(value.dtype)) active.add(value.name);
  }
  return active;
}

function propagate(
  node: Node,
  active: ReadonlySet<string>,
  sums: ReadonlyMap<string, Value>,
  arrive: (to: Value, part: Value) => void,
): void {
  if (!node.values.some((value) => sums.has(value.name))) return;
  if (!node.inputs.some((input) => input && active.has(input.name))) return;
  const { differentiable = 1 } = node;
  const late = node.values.findIndex((value, i) => i >= differentiable && sums.has(value.name));
  if (late >= 0)
    throw new VitaminError(
      'UNSUPPORTED',
      `Expected gradients for results below ${differentiable} of ${node.op} but one arrives at result ${late}`,
    );
  const dys = node.values.slice(0, differentiable).map((value) => sums.get(value.name) ?? zeros(value));
  node.inputs.forEach((input, i) => {
    if (!input || !active.has(input.name)) return;
    const rule = node.gradient?.[i];
    if (rule === 'stop') return;
    if (!rule) throw new VitaminError('UNSUPPORTED', `Expected a gradient rule for input ${i} of ${node.op} but it has none`);
    arrive(input, rule(...dys));
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
  return graph.node({ op: 'Identity', inputs: [x], dtype: x.dtype, shape: x.shape, gradient: ['stop'] });
}
