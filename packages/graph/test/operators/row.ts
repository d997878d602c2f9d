import { type DType, sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import * as g from '../../src/index.ts';
import { random } from '../evaluate.ts';
import type * as ref from '../reference.ts';

/** A value of the graph and what plain loops give for it. */
export type Pair = readonly [value: g.Value, numbers: ref.Reference];

/** An expression of float32 inputs, whose numbers lie in [shift - 1, shift + 1). */
export interface Case {
  /** What is special about it. */
  readonly of?: string;
  readonly shapes: readonly (readonly number[])[];
  readonly build: (...values: g.Value[]) => g.Value;
  readonly shift?: number;
  /** Start of the random numbers, where those of the default make the case degenerate. */
  readonly seed?: number;
  /** Why WebGPU cannot run it. */
  readonly cpuOnly?: string;
}

/** An expression of inputs with named extents; all sizes run in one session. */
export interface NamedCase {
  readonly of?: string;
  /** With the names N, P, S, h, w and multiples of them. */
  readonly shapes: readonly g.Shape[];
  readonly build: (...values: g.Value[]) => g.Value;
}

/** What is known about one operator. */
export interface Operator {
  /** The operator on random shapes beside plain loops in float64; or the test file in which such loops stand. */
  readonly forward: readonly ((draw: Draw) => Pair)[] | string;
  /** Against central differences, in every element type, on WebGPU; or why the operator has no gradient, and a call without one. */
  readonly gradients: readonly Case[] | { readonly excuse: string; readonly call: Case };
  /** The element types that it takes, all others being refused. Default: float32, float64 and float16. */
  readonly types?: readonly DType[];
  /** Gives for named extents what it gives for fixed ones, gradients included. */
  readonly named?: readonly NamedCase[];
  /** Wrong calls, each with a part of what the error must tell. */
  readonly mistakes?: Readonly<Record<string, readonly [mistake: (draw: Draw) => unknown, told: string]>>;
}

export const allTypes: readonly DType[] = ['float64', 'float32', 'float16', 'bfloat16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'];

/** All types but these. */
export const without = (...refused: readonly DType[]): DType[] => allTypes.filter((dtype) => !refused.includes(dtype));

/** Random shapes and numbers for one graph. Named extents are remembered, to check inferred shapes against real ones. */
export class Draw {
  readonly graph: g.Graph = new g.Graph('drawn');
  readonly feeds: Record<string, Tensor> = {};
  readonly extents = new Map<string, number>();
  private state = 1;

  /** In [from, to]. */
  integer(from: number, to: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return from + (Math.floor(this.state / 2 ** 16) % (to - from + 1));
  }

  shape(least: number, most: number): number[] {
    return Array.from({ length: this.integer(least, most) }, () => this.integer(1, 4));
  }

  /** Numbers in [shift - 1, shift + 1). With `named`, the first extent is a name while the graph is built. */
  input(shape: readonly number[], { named = false, shift = 0 } = {}): Pair {
    const id = this.graph.inputs.size;
    const numbers = random(shape, 100 + id);
    for (let i = 0; i < numbers.data.length; i++) numbers.data[i]! += shift;
    this.feeds[`x${id}`] = numbers;
    if (named) this.extents.set(`N${id}`, shape[0]!);
    return [this.graph.input(`x${id}`, 'float32', named ? [`N${id}`, ...shape.slice(1)] : shape), numbers];
  }

  /** Whole numbers in [0, below), as int32. */
  indices(shape: readonly number[], below: number): Pair {
    const id = this.graph.inputs.size;
    const numbers = Array.from({ length: sizeOf(shape) }, () => this.integer(0, below - 1));
    this.feeds[`x${id}`] = tensor('int32', shape, Int32Array.from(numbers));
    return [this.graph.input(`x${id}`, 'int32', shape), { shape, data: numbers }];
  }

  /** An input that is never fed, for calls that are refused. */
  value(shape: g.Shape, dtype: g.Value['dtype'] = 'float32'): g.Value {
    return this.graph.input(`x${this.graph.inputs.size}`, dtype, shape);
  }

  /** Extents as numbers: `N3*4` with N3 = 2 is 8. */
  resolve(shape: g.Shape): number[] {
    return resolve(shape, Object.fromEntries(this.extents));
  }
}

/** Extents as numbers: `h*4` with h = 2 is 8. */
export function resolve(shape: g.Shape, sizes: Readonly<Record<string, number>>): number[] {
  const factor = (part: string): number => sizes[part] ?? Number(part);
  return shape.map((dim) => (typeof dim === 'number' ? dim : sizeOf(dim.split('*').map(factor))));
}

/** Two shapes that broadcast to each other. */
export function fitting(draw: Draw): [number[], number[]] {
  const whole = draw.shape(0, 4);
  const part = (): number[] => whole.slice(draw.integer(0, whole.length)).map((extent) => (draw.integer(0, 2) === 0 ? 1 : extent));
  const full = whole.map((extent) => (draw.integer(0, 3) === 0 ? 1 : extent));
  return draw.integer(0, 1) === 0 ? [full, part()] : [part(), full];
}

export const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** The sum over all elements, as a loss. */
export const totalOf = (x: g.Value): g.Value => g.reshape(g.reduceSum(x, [...x.shape.keys()]), []);
