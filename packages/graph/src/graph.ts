import { type DType, floatToBfloat16, floatToHalf, type Tensor, type TensorRecord, tensor, VitaminError } from '@vitamin-vlm/core';
// oxlint-disable-next-line import/no-cycle -- only types come back, see there
import { Extents } from './extents.ts';
import { checkShape, type Dim, formatShape, namesOf, type Shape } from './shape.ts';

/** A result inside a graph: its name, element type and shape are known, its numbers are not. Made by operators only. */
export interface Value {
  readonly graph: Graph;
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Value of an ONNX attribute: a plain number is an integer. */
export type Attribute = number | string | readonly number[] | { readonly float: number } | { readonly graph: Graph };

/** Gives the gradient of one input from those of the node's differentiable results. Called only when that input needs one. */
export type GradientRule = (...dy: Value[]) => Value;

/** One ONNX operator call. */
export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly (Value | null)[];
  /** How many of the last inputs are not handed over, but read by their names from subgraphs in the attributes. */
  readonly implicit?: number;
  /** An optional output is left out of the model when nothing uses it or one behind it; the others ONNX wants always. */
  readonly outputs: readonly { readonly dtype: DType; readonly shape: Shape; readonly optional?: boolean }[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
  /** In the order of `inputs`. `'stop'` lets no gradient through, on purpose; a missing rule is an error once a gradient arrives. */
  readonly gradient?: readonly (GradientRule | 'stop' | undefined)[];
  /**
   * How many of the first results the rules take gradients of, default 1. Those that nothing depends on arrive as zeros; a gradient that
   * arrives at a later result is an error.
   */
  readonly differentiable?: number;
  /** Names of extents that are known only from the results themselves, such as the number of boxes that a threshold leaves. */
  readonly introduces?: readonly string[];
}

/** A call that stands in a graph, with its results. */
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
  private readonly names: Extents = new Extents(this);
  private readonly constants = new Map<string, Value>();
  /** Names of inputs, weights, outputs and results: ONNX has one namespace for all of them. */
  private readonly taken: Set<string>;
  /** For a subgraph: the values of the graph around it that it reads. */
  readonly captured: Map<string, Value> = new Map();
  private readonly outer: Graph | undefined;

  constructor(name: string, outer?: Graph) {
    this.name = name;
    this.outer = outer;
    this.taken = outer?.taken ?? new Set();
  }

  /** An empty graph for the attribute of an operator such as Loop. Names are unique in both together. */
  subgraph(): Graph {
    return new Graph(`body#${this.taken.size}`, this);
  }

  /**
   * A value of the graph around this subgraph, to be used inside it: a weight, say.
   *
   * @throws VitaminError `USAGE` for a value of a graph that is not around this one.
   */
  capture(value: Value): Value {
    if (value.graph === this) return value;
    if (!this.outer) this.expectOwn(value, 'a subgraph');
    else this.captured.set(value.name, this.outer.capture(value));
    const inside = { ...value, graph: this };
    this.names.learn(inside);
    return inside;
  }

  /**
   * Declares something the caller feeds. Extents may be names, for example `'N'` for the batch.
   *
   * @throws VitaminError `USAGE` for a name in use or extents that are neither positive integers nor names; `UNSUPPORTED` for bfloat16.
   */
  input(name: string, dtype: DType, shape: Shape): Value {
    checkShape(shape, `input "${name}"`);
    expectFed(dtype, `input "${name}"`);
    this.claim(name);
    const value = { graph: this, name, dtype, shape };
    this.names.learn(value);
    this.inputs.set(name, value);
    return value;
  }

  /**
   * Names a result so that the caller can ask for it (a tap). One value may have several names.
   *
   * @throws VitaminError `USAGE` for a name in use or a value of another graph; `UNSUPPORTED` for bfloat16.
   */
  output(name: string, value: Value): void {
    this.expectOwn(value, `output "${name}"`);
    expectFed(value.dtype, `output "${name}"`);
    this.claim(name);
    this.outputs.set(name, value);
  }

  /**
   * A weight: either numbers that go into the graph file, or the place of the bytes in the user's own file.
   *
   * @throws VitaminError `USAGE` for a name in use; `UNSUPPORTED` for a tensor that is not contiguous in its file.
   */
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
    checkShape(data.shape, `weight "${name}"`);
    this.claim(name);
    return this.store(name, data);
  }

  /** A small constant stored in the graph file. Equal constants are stored once. */
  constant(data: Tensor): Value {
    const key = `${data.dtype}|${data.shape.join()}|${data.data.length <= 64 ? data.data.join() : this.constants.size}`;
    const known = this.constants.get(key);
    if (known) return known;
    const value = this.store(this.generate('constant', this.constants.size), data);
    this.constants.set(key, value);
    return value;
  }

  /** A scalar, or a constant of another shape, filled with one number. */
  scalar(number: number, dtype: DType = 'float32', shape: readonly number[] = []): Value {
    const constant = tensor(dtype, shape);
    if (dtype === 'int64') (constant.data as BigInt64Array).fill(BigInt(number));
    else
      (constant.data as Float32Array).fill(
        dtype === 'float16' ? floatToHalf(number) : dtype === 'bfloat16' ? floatToBfloat16(number) : number,
      );
    return this.constant(constant);
  }

  /** A vector of int64, as ONNX wants for axes and shapes. */
  integers(numbers: readonly number[]): Value {
    return this.constant(tensor('int64', [numbers.length], BigInt64Array.from(numbers, BigInt)));
  }

  /**
   * Adds one operator call and returns its results. Operators are thin functions over this.
   *
   * @throws VitaminError `USAGE` for inputs of another graph, for results without elements, for extents with names that nothing bears, and
   * for names to introduce that are in use.
   */
  apply(spec: NodeSpec): readonly Value[] {
    for (const input of spec.inputs) if (input) this.expectOwn(input, spec.op);
    const introduced = spec.introduces ?? [];
    for (const name of introduced) {
      if (this.names.has(name)) throw new VitaminError('USAGE', `Expected a new name for an extent of ${spec.op} but "${name}" is in use`);
    }
    for (const { shape } of spec.outputs) {
      checkShape(shape, `the result of ${spec.op}`);
      this.names.expectKnown(
        shape.filter((dim) => !namesOf(dim).some((name) => introduced.includes(name))),
        `the result of ${spec.op}`,
      );
    }
    const id = this.nodes.length;
    const values = spec.outputs.map(({ dtype, shape }, i) => {
      return { graph: this, name: this.generate(i ? `${spec.op}.${i}` : spec.op, id), dtype, shape };
    });
    this.nodes.push({ ...spec, values });
    if (introduced.length > 0) for (const value of values) this.names.learn(value);
    return values;
  }

  /** Adds an operator with one result. */
  node(spec: Omit<NodeSpec, 'outputs'> & { readonly dtype: DType; readonly shape: Shape }): Value {
    const { dtype, shape, ...rest } = spec;
    return this.apply({ ...rest, outputs: [{ dtype, shape }] })[0]!;
  }

  /**
   * A shape as an int64 vector, for operators that take one: a constant where all extents are numbers; else worked out when the graph runs,
   * from the values that bear the names.
   *
   * @throws VitaminError `UNSUPPORTED` for a name that can be read off nowhere, as it stands in products of several names only.
   */
  extents(shape: Shape): Value {
    this.names.expectKnown(shape, 'a shape to work out');
    return this.names.vector(shape);
  }

  /** The sum of some extents less that of others, as int64 [1]: where Slice and Pad begin and end. Numbers may be negative. */
  offset(plus: readonly Dim[], minus: readonly Dim[] = []): Value {
    return this.names.total(plus, minus);
  }

  /**
   * The sum of some extents less that of others as one extent: a number, a product (`h*w*16` + `h*w*4` = `h*w*20`), the name of an equal
   * sum, or else `name`, which from then on stands for it: `T` = `P` + `S`. A name that inputs bear is taken at its word.
   *
   * @throws VitaminError `UNSUPPORTED` for a sum that needs a name and has none; `USAGE` for a name that means another sum already.
   */
  extent(plus: readonly Dim[], minus: readonly Dim[] = [], name?: string): Dim {
    return this.names.sum(plus, minus, name);
  }

  /** The same without giving a name: undefined where the sum is not one extent. */
  difference(plus: readonly Dim[], minus: readonly Dim[]): Dim | undefined {
    return this.names.difference(plus, minus);
  }

  /** The smallest number that an extent can stand for. Every name is at least 1. */
  least(dim: Dim): number {
    return this.names.least(dim);
  }

  private expectOwn(value: Value, where: string): void {
    if (value.graph === this) return;
    throw new VitaminError('USAGE', `Expected values of graph "${this.name}" in ${where} but received "${value.name}" of another`);
  }

  private store(name: string, data: Tensor | TensorRecord): Value {
    this.initializers.set(name, data);
    return { graph: this, name, dtype: data.dtype, shape: data.shape };
  }

  private claim(name: string): void {
    if (name === '') throw new VitaminError('USAGE', 'Expected a name but received an empty one');
    if (this.taken.has(name)) {
      throw new VitaminError('USAGE', `Expected a new name but "${name}" is an input, a weight, an output or a result already`);
    }
    this.taken.add(name);
  }

  /** A name for what the caller does not name: `Conv#3`. The `#` keeps it apart from the names that callers choose. */
  private generate(base: string, id: number): string {
    let name = `${base}#${id}`;
    while (this.taken.has(name)) name += '#';
    this.taken.add(name);
    return name;
  }
}

/** ONNX Runtime's Node binding moves no bfloat16 in or out. */
function expectFed(dtype: DType, what: string): void {
  if (dtype !== 'bfloat16') return;
  throw new VitaminError('UNSUPPORTED', `Expected a type that JavaScript can feed and read for ${what} but received bfloat16`, {
    hint: "Use cast(x, 'float32') at the border; weights may be bfloat16.",
  });
}
