import { type DType, type Tensor, type TensorRecord, tensor, VitaminError } from '@vitamin-vlm/core';
import { formatShape, type Shape } from './shape.ts';

/** A result inside a graph: its name, element type and shape are known, its numbers are not. Made by operators only. */
export interface Value {
  readonly graph: Graph;
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

export type Attribute = number | string | readonly number[] | { readonly float: number };

/** Gives the gradient of one input from the gradient of the node's first output. Called only when that input needs one. */
export type GradientRule = (dy: Value) => Value;

/** One ONNX operator call. The rules stand in the order of `inputs`; `null` or a missing rule stops the gradient there. */
export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly { readonly dtype: DType; readonly shape: Shape }[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
  readonly gradient?: readonly (GradientRule | null)[];
}

export interface Node extends NodeSpec {
  readonly values: readonly Value[];
}

/**
 * An ONNX graph under construction. Operators (`conv2d`, `matmul`, ...) add nodes to it and infer every shape.
 *
 * @example
 * ```ts
 * import { add, Graph, toOnnx } from '@vitamin-vlm/graph';
 * const graph = new Graph('double');
 * const x = graph.input('x', 'float32', ['N', 3]);
 * graph.output('y', add(x, x));
 * const model = toOnnx(graph); // model.bytes is an ONNX file
 * ```
 */
export class Graph {
  readonly name: string;
  readonly inputs: Map<string, Value> = new Map();
  readonly outputs: Map<string, Value> = new Map();
  readonly initializers: Map<string, Tensor | TensorRecord> = new Map();
  readonly nodes: Node[] = [];
  private readonly constants = new Map<string, Value>();

  constructor(name: string) {
    this.name = name;
  }

  /** Declares something the caller feeds. Extents may be names, for example `'N'` for the batch. */
  input(name: string, dtype: DType, shape: Shape): Value {
    if (this.inputs.has(name)) throw new VitaminError('USAGE', `Expected a new input name but "${name}" is declared already`);
    const value = { graph: this, name, dtype, shape };
    this.inputs.set(name, value);
    return value;
  }

  /** Names a result so that the caller can ask for it (a tap). */
  output(name: string, value: Value): void {
    if (this.outputs.has(name)) throw new VitaminError('USAGE', `Expected a new output name but "${name}" is declared already`);
    this.outputs.set(name, value);
  }

  /** A weight: either numbers that go into the graph file, or the place of the bytes in the user's own file. */
  initializer(name: string, data: Tensor | TensorRecord): Value {
    if ('file' in data && data.strides) {
      throw new VitaminError(
        'UNSUPPORTED',
        `Expected "${name}" to be contiguous in its file but found strides ${formatShape(data.strides)}`,
        {
          hint: 'Read the tensor and pass its numbers instead of its place.',
        },
      );
    }
    this.initializers.set(name, data);
    return { graph: this, name, dtype: data.dtype, shape: data.shape };
  }

  /** A small constant stored in the graph file. Equal constants are stored once. */
  constant(data: Tensor): Value {
    const key = `${data.dtype}|${data.shape.join()}|${data.data.length <= 64 ? data.data.join() : this.constants.size}`;
    const known = this.constants.get(key);
    if (known) return known;
    const value = this.initializer(`constant_${this.constants.size}`, data);
    this.constants.set(key, value);
    return value;
  }

  /** A float32 scalar. */
  scalar(number: number): Value {
    return this.constant(tensor('float32', [], new Float32Array([number])));
  }

  /** A vector of int64, as ONNX wants for axes and shapes. */
  integers(numbers: readonly number[]): Value {
    return this.constant(tensor('int64', [numbers.length], BigInt64Array.from(numbers, BigInt)));
  }

  /** Adds one operator call and returns its results. Operators are thin functions over this. */
  apply(spec: NodeSpec): readonly Value[] {
    for (const input of spec.inputs) {
      if (input && input.graph !== this)
        throw new VitaminError('USAGE', `Expected inputs of one graph in ${spec.op} but received "${input.name}" of another`);
    }
    const id = this.nodes.length;
    const values = spec.outputs.map(({ dtype, shape }, i) => ({ graph: this, name: `${spec.op}_${id}${i ? `_${i}` : ''}`, dtype, shape }));
    this.nodes.push({ ...spec, values });
    return values;
  }

  /** Adds an operator with one result. */
  node(spec: Omit<NodeSpec, 'outputs'> & { readonly dtype: DType; readonly shape: Shape }): Value {
    const { dtype, shape, ...rest } = spec;
    return this.apply({ ...rest, outputs: [{ dtype, shape }] })[0]!;
  }
}
