import { tensor, VitaminError } from '@vitamin-vlm/core';
import { expectInteger, expectTypes, singles } from '../expect.ts';
import type { Graph, Value } from '../graph.ts';
import { add, mul, sub } from '../ops/arithmetic.ts';
import { gather } from '../ops/indexing.ts';
import { reshape } from '../ops/layout.ts';
import { concat } from '../ops/concat.ts';
import { split } from '../ops/split.ts';
import { formatShape } from '../shape.ts';

/** Cosines and sines of every position, each [positions, D/2]: what `rotary` and `groupQueryAttention` look up. */
export interface RotaryTable {
  readonly cos: Value;
  readonly sin: Value;
}

/** What `rotaryTable` takes. */
export interface RotaryOptions {
  /** D, the channels of one head; even. */
  readonly size: number;
  /** Positions 0 ... positions - 1 can be looked up. */
  readonly positions: number;
  /** Base of the frequencies. Default 10000. */
  readonly theta?: number;
}

/**
 * The angles of rotary position embedding (Su et al., arXiv:2104.09864): position · theta^(-2i/D) for i = 0 ... D/2-1. Each is rounded to float32
 * before its cosine is taken, as the original models do. One table serves all layers: make it once.
 *
 * @throws VitaminError `USAGE` for an odd size.
 * @example
 * ```ts
 * import { Graph, rotary, rotaryTable } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const table = rotaryTable(graph, { size: 128, positions: 4096 });
 * const q = graph.input('q', 'float32', ['N', 32, 'L', 128]);
 * graph.output('y', rotary(q, graph.input('positions', 'int64', ['N', 'L']), table));
 * ```
 */
export function rotaryTable(graph: Graph, { size, positions, theta = 10000 }: RotaryOptions): RotaryTable {
  expectInteger('the positions', positions, 1);
  if (!Number.isInteger(size / 2) || size < 2) throw new VitaminError('USAGE', `Expected an even head size but received ${size}`);
  const half = size / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) => theta ** ((-2 * i) / size));
  const angle = (at: number): number => Math.fround(Math.floor(at / half) * frequencies[at % half]!);
  const table = (wave: (angle: number) => number): Value => {
    const data = new Float32Array(positions * half);
    for (let at = 0; at < data.length; at++) data[at] = wave(angle(at));
    return graph.constant(tensor('float32', [positions, half], data));
  };
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/**
 * Rotary position embedding in the form of LLaMA, which pairs channel i with channel i + D/2: with the halves a, b of a head and the angle t of its
 * token's position, the result is (a · cos t - b · sin t, b · cos t + a · sin t). x: [N, heads, L, D], positions: int32 or int64 [N, L].
 *
 * @throws VitaminError `USAGE` for shapes that do not fit.
 * @example
 * ```ts
 * import { Graph, rotary, rotaryTable } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const table = rotaryTable(graph, { size: 64, positions: 2048 });
 * const k = graph.input('k', 'float32', ['N', 8, 'L', 64]);
 * graph.output('y', rotary(k, graph.input('positions', 'int64', ['N', 'L']), table));
 * ```
 */
export function rotary(x: Value, positions: Value, { cos, sin }: RotaryTable): Value {
  expectTypes('rotary', singles, x, cos, sin);
  const [n, , length, size] = x.shape;
  const half = cos.shape[1] as number;
  if (
    x.shape.length !== 4 ||
    size !== 2 * half ||
    positions.shape.length !== 2 ||
    positions.shape[0] !== n ||
    positions.shape[1] !== length
  ) {
    throw new VitaminError(
      'USAGE',
      `Expected x [N, heads, L, ${2 * half}] and positions [N, L] but received ${formatShape(x.shape)} and ${formatShape(positions.shape)}`,
    );
  }
  const [c, s] = [cos, sin].map((table) => reshape(gather(table, positions), [n!, 1, length!, half])) as [Value, Value];
  const [a, b] = split(x, [half, half], 3) as [Value, Value];
  return concat([sub(mul(a, c), mul(b, s)), add(mul(b, c), mul(a, s))], 3);
}
