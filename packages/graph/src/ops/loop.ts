import { tensor, VitaminError } from '@vitamin-vlm/core';
import { expectInteger } from '../expect.ts';
import type { Graph, Value } from '../graph.ts';
import { type Dim, formatShape, namesOf, type Shape } from '../shape.ts';

/** A state whose extents change from round to round, such as a cache that grows. */
export interface GrowingState {
  /** What the first round begins with. */
  readonly value: Value;
  /** Its shape at the beginning of any round: names of their own for the extents that change. */
  readonly inside: Shape;
  /** Its shape when the loop has run: new names for the same extents. */
  readonly after: Shape;
}

/** What `loop` takes. */
export interface LoopOptions {
  /** Largest number of rounds: a number, or an int64 scalar of the graph. */
  readonly most: number | Value;
  /** What goes from round to round. */
  readonly states: readonly (Value | GrowingState)[];
  /** Name for the number of rounds; needed for collected values unless it is fixed. */
  readonly rounds?: string;
}

/** What a round gives. */
export interface LoopRound {
  /** The states of the next round, in the same order. */
  readonly states: readonly Value[];
  /** bool scalar: whether another round follows. Default: up to `most`. */
  readonly again?: Value;
  /** Values that are kept of every round. */
  readonly collected?: readonly Value[];
}

/**
 * Runs a part of a graph again and again (ONNX Loop): steps of a decoder that stay inside one run. Forward only: no gradient passes through a loop,
 * and one that arrives is an error; write the rounds out to train through them.
 *
 * @param body builds one round in a graph of its own, from the round's index (int64 scalar) and the states. Values of the graph outside enter by
 *   `inside.capture(value)`.
 * @returns the states of the last round, and the collected values [rounds, ...shape].
 * @throws VitaminError `USAGE` for states of another number, type or shape than before; `UNSUPPORTED` for collected values of an unknown number.
 * @example
 * ```ts
 * import { Graph, loop, mul } from '@vitamin-vlm/graph';
 * const graph = new Graph('powers');
 * const x = graph.input('x', 'float32', [3]);
 * const { states, collected } = loop(graph, { most: 4, states: [x] }, (inside, _, [power]) => {
 *   const next = mul(power!, inside.capture(x));
 *   return { states: [next], collected: [next] };
 * });
 * graph.output('fifth', states[0]!); // x⁵
 * graph.output('all', collected[0]!); // [4, 3]: x² to x⁵
 * ```
 */
export function loop(
  graph: Graph,
  { most, states, rounds }: LoopOptions,
  body: (inside: Graph, round: Value, states: readonly Value[]) => LoopRound,
): { readonly states: readonly Value[]; readonly collected: readonly Value[] } {
  if (typeof most === 'number') expectInteger('the rounds', most, 1);
  const growing = states.map((state) => ('value' in state ? state : { value: state, inside: state.shape, after: state.shape }));
  const inside = graph.subgraph();
  const round = inside.input(`${inside.name}:round`, 'int64', []);
  const before = inside.input(`${inside.name}:before`, 'bool', []);
  const given = growing.map(({ value, inside: shape }, i) => inside.input(`${inside.name}:state${i}`, value.dtype, shape));
  const { states: next, again = before, collected = [] } = body(inside, round, given);
  expectStates(growing, given, next);
  inside.output(`${inside.name}:again`, again);
  next.forEach((value, i) => inside.output(`${inside.name}:next${i}`, value));
  collected.forEach((value, i) => inside.output(`${inside.name}:collected${i}`, value));
  const count = typeof most === 'number' && again === before ? most : rounds;
  if (collected.length > 0 && count === undefined) {
    throw new VitaminError('UNSUPPORTED', 'Expected a name for the number of rounds beside collected values but received none');
  }
  const outputs = [
    ...growing.map(({ value, after }) => ({ dtype: value.dtype, shape: after })),
    ...collected.map(({ dtype, shape }) => ({ dtype, shape: [count!, ...shape] })),
  ];
  const brought = growing.flatMap(({ value, after }) => after.filter((dim, i) => dim !== value.shape[i]).flatMap(namesOf));
  const captured = [...inside.captured.values()];
  const results = graph.apply({
    op: 'Loop',
    inputs: [
      typeof most === 'number' ? graph.scalar(most, 'int64') : most,
      graph.constant(tensor('bool', [], Uint8Array.of(1))),
      ...growing.map(({ value }) => value),
      ...captured,
    ],
    implicit: captured.length,
    attributes: { body: { graph: inside } },
    outputs,
    introduces: [...new Set([...brought, ...(collected.length > 0 && typeof count === 'string' ? [count] : [])])],
  });
  return { states: results.slice(0, states.length), collected: results.slice(states.length) };
}

function expectStates(growing: readonly GrowingState[], given: readonly Value[], next: readonly Value[]): void {
  if (next.length !== given.length)
    throw new VitaminError('USAGE', `Expected ${given.length} states after a round but received ${next.length}`);
  given.forEach(({ dtype, shape }, i) => {
    const value = next[i]!;
    const grows = (dim: Dim, axis: number): boolean => dim !== growing[i]!.value.shape[axis];
    const fits = value.shape.length === shape.length && shape.every((dim, axis) => dim === value.shape[axis] || grows(dim, axis));
    if (fits && value.dtype === dtype) return;
    throw new VitaminError(
      'USAGE',
      `Expected state ${i} to stay ${dtype} ${formatShape(shape)} but a round gives ${value.dtype} ${formatShape(value.shape)}`,
    );
  });
}
