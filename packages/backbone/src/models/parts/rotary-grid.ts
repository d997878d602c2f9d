import { tensor } from '@vitamin-vlm/core';
import { add, concat, type Graph, mul, reshape, slice, sub, type Value } from '@vitamin-vlm/graph';

/** Base of the frequencies, as for text. */
const THETA = 10_000;

/** The angles of every cell of a grid: cosines and sines, [cells, pairs] each. A pair are two neighboring channels of a head. */
export interface GridAngles {
  readonly cells: number;
  readonly pairs: number;
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/** What the angles of a grid follow from. */
export interface GridRotation {
  /** Channels of one head; a multiple of 4. */
  readonly size: number;
  /** Position of the i-th of n cells along a side. */
  readonly position: (i: number, n: number) => number;
  /** Which axis turns the first half of the channels. */
  readonly first: 'rows' | 'columns';
}

/**
 * Rotary position embedding over two axes (Su et al., arXiv:2104.09864; RoFormer's frequencies along each axis), in float32 arithmetic as the original
 * programs compute it.
 */
export function gridAngles([h, w]: readonly [number, number], { size, position, first }: GridRotation): GridAngles {
  const pairs = size / 2;
  const quarter = size / 4;
  const frequencies = Float32Array.from({ length: quarter }, (_, j) => 1 / Math.fround(THETA ** Math.fround(j / quarter)));
  const [cos, sin] = [new Float32Array(h * w * pairs), new Float32Array(h * w * pairs)];
  for (let at = 0; at < cos.length; at++) {
    const [cell, pair] = [Math.floor(at / pairs), at % pairs];
    const alongRows = pair < quarter === (first === 'rows');
    const place = alongRows ? position(Math.floor(cell / w), h) : position(cell % w, w);
    const angle = Math.fround(Math.fround(place) * frequencies[pair % quarter]!);
    cos[at] = Math.cos(angle);
    sin[at] = Math.sin(angle);
  }
  return { cells: h * w, pairs, cos, sin };
}

/**
 * Turns queries or keys by the positions of their patches: (a, b) becomes (a cos - b sin, b cos + a sin). Tokens in front of the grid stay.
 *
 * @param before - How many stand there.
 * @returns a function of [N, heads, before + cells, size].
 */
export function gridRotation(graph: Graph, { cells, pairs, cos, sin }: GridAngles, before: number): (x: Value) => Value {
  const [c, s] = [cos, sin].map((data) => graph.constant(tensor('float32', [cells, pairs, 1], data))) as [Value, Value];
  return (x) => {
    const [n, heads, length, size] = x.shape as [number, number, number, number];
    const grid = before === 0 ? x : slice(x, { axis: 2, start: before, end: length });
    const neighbors = reshape(grid, [n, heads, cells, pairs, 2]);
    const a = slice(neighbors, { axis: 4, start: 0, end: 1 });
    const b = slice(neighbors, { axis: 4, start: 1, end: 2 });
    const turned = reshape(concat([sub(mul(a, c), mul(b, s)), add(mul(b, c), mul(a, s))], 4), [n, heads, cells, size]);
    return before === 0 ? turned : concat([slice(x, { axis: 2, start: 0, end: before }), turned], 2);
  };
}
