import { type Tensor, type TensorRecord, VitaminError } from '@vitamin-vlm/core';
import type { Graph, Value } from './graph.ts';
import { cast } from './ops/cast.ts';
import type { Int8Weight } from './ops/matmul-int8.ts';
import { formatShape, sameShape } from './shape.ts';

/** What a model reads its weights from: a checkpoint's records, tensors in memory, or a mix. */
export type Weights = ReadonlyMap<string, Tensor | TensorRecord>;

/** Where parameters come from and which of them are learned. */
export interface ParametersOptions {
  /** Where the numbers come from. Without it every parameter becomes a graph input: useful to list a model's tensors. */
  readonly weights?: Weights;
  /** Matrices that are multiplied in 8 bits in place of their numbers in `weights`, by the same path. See `packInt8`. */
  readonly int8?: ReadonlyMap<string, Int8Weight<Tensor | TensorRecord>> | undefined;
  /** Parameters that become float32 graph inputs named by their path, so that a training loop can feed and update them. */
  readonly trainable?: (path: string) => boolean;
  /** Others that become float32 graph inputs, because they change without being learned: running statistics. */
  readonly fed?: (path: string) => boolean;
}

/**
 * The parameters of one graph. Models ask for tensors by the names that stand in the published files; everything asked for is
 * remembered, and everything that does not fit is reported at once.
 *
 * @example
 * ```ts
 * import { Graph, linear, Parameters } from '@vitamin-vlm/graph';
 * const graph = new Graph('head');
 * const parameters = new Parameters(graph);
 * linear(parameters.root.at('head').at('proj'), graph.input('x', 'float32', ['N', 384]), 512, { bias: false });
 * console.log(parameters.declared); // Map { 'head.proj.weight' => [512, 384] }
 * ```
 */
export class Parameters {
  /** Every tensor asked for so far, with its expected shape, in the order of the model. */
  readonly declared: Map<string, readonly number[]> = new Map();
  /** Paths of those that only multiply, [out, in]: what `int8` may give. */
  readonly matrices: Set<string> = new Set();
  /** Parameters that the training loop feeds. */
  readonly trained: Map<string, Value> = new Map();
  private readonly graph: Graph;
  private readonly options: ParametersOptions;
  private readonly values = new Map<string, Value>();
  private readonly rounded = new Map<string, Int8Weight<Value>>();
  private readonly problems: string[] = [];

  constructor(graph: Graph, options: ParametersOptions = {}) {
    this.graph = graph;
    this.options = options;
  }

  /** The scope with the empty path. */
  get root(): Params {
    return new Params(this, '');
  }

  /**
   * The tensor at a full path as float32, expected in this shape. Other types are converted inside the graph.
   *
   * @throws VitaminError `USAGE` when the model asks for one path in two shapes.
   */
  resolve(path: string, shape: readonly number[]): Value {
    const known = this.values.get(path);
    if (known && !sameShape(known.shape, shape)) {
      throw new VitaminError(
        'USAGE',
        `Expected one shape for "${path}" but the model asks for ${formatShape(known.shape)} and ${formatShape(shape)}`,
      );
    }
    if (known) return known;
    this.declared.set(path, shape);
    const trainable = this.options.trainable?.(path) ?? false;
    const found = this.find(path, shape);
    const fed = trainable || (this.options.fed?.(path) ?? false);
    const value = found && !fed ? cast(this.graph.initializer(path, found), 'float32') : this.graph.input(path, 'float32', shape);
    if (trainable) this.trained.set(path, value);
    this.values.set(path, value);
    return value;
  }

  /**
   * A weight [out, in] that is used in matrix products only: in 8 bits where the options give it so, else as `resolve` does.
   *
   * @throws VitaminError `USAGE` when the model asks for one path in two shapes.
   */
  matrix(path: string, shape: readonly [out: number, width: number]): Value | Int8Weight<Value> {
    this.matrices.add(path);
    const int8 = this.options.int8?.get(path);
    if (!int8 || !this.find(path, shape)) return this.resolve(path, shape);
    this.declared.set(path, shape);
    const known = this.rounded.get(path);
    if (known) return known;
    const { graph } = this;
    const weight = { rounded: graph.initializer(path, int8.rounded), steps: graph.initializer(`${path}:steps`, int8.steps) };
    this.rounded.set(path, weight);
    return weight;
  }

  /** Whether the weights hold a tensor: for optional ones such as the position embedding that ViTamin-XL lacks. */
  has(path: string): boolean {
    return this.options.weights?.has(path) ?? false;
  }

  /** Tensors in the weights that the model never asked for. */
  unused(): string[] {
    return [...(this.options.weights?.keys() ?? [])].filter((name) => !this.declared.has(name));
  }

  /**
   * Call after the model is built.
   * @throws VitaminError `WEIGHTS_MISMATCH` that lists every missing, mismatched and unused tensor.
   */
  check(options: { readonly unusedAllowed?: (name: string) => boolean } = {}): void {
    const unused = this.unused().filter((name) => !options.unusedAllowed?.(name));
    const problems = [...this.problems, ...unused.map((name) => `unused     ${name}`)];
    if (problems.length === 0) return;
    const shown = problems.slice(0, 40);
    const more = problems.length > shown.length ? `\n  ... and ${problems.length - shown.length} more` : '';
    throw new VitaminError(
      'WEIGHTS_MISMATCH',
      `Expected weights that fit the model but found ${problems.length} problems:\n  ${shown.join('\n  ')}${more}`,
      {
        hint: 'Check that the file belongs to this model and variant.',
      },
    );
  }

  private find(path: string, shape: readonly number[]): Tensor | TensorRecord | undefined {
    const found = this.options.weights?.get(path);
    if (found && sameShape(found.shape, shape)) return found;
    if (found) this.problems.push(`mismatched ${path}: expected ${formatShape(shape)}, found ${formatShape(found.shape)}`);
    else if (this.options.weights) this.problems.push(`missing    ${path}: expected ${formatShape(shape)}`);
    return undefined;
  }
}

/**
 * A scope in the checkpoint: `p.at('blocks').at(3)` is `blocks.3`, and `p.get('weight', shape)` the tensor below it.
 *
 * @example
 * ```ts
 * import { add, Graph, type Params, Parameters, type Value } from '@vitamin-vlm/graph';
 * const shift = (p: Params, x: Value): Value => add(x, p.get('bias', [x.shape.at(-1) as number]));
 * const graph = new Graph('shift');
 * shift(new Parameters(graph).root.at('blocks').at(3), graph.input('x', 'float32', ['N', 8])); // asks for blocks.3.bias
 * ```
 */
export class Params {
  readonly path: string;
  private readonly parameters: Parameters;

  constructor(parameters: Parameters, path: string) {
    this.parameters = parameters;
    this.path = path;
  }

  /** One or more names deeper. */
  at(name: string | number): Params {
    return new Params(this.parameters, this.join(name));
  }

  /** The tensor `<path>.<name>` as float32, expected in this shape. */
  get(name: string, shape: readonly number[]): Value {
    return this.parameters.resolve(this.join(name), shape);
  }

  /** The tensor `<path>.<name>` for matrix products only, [out, in]: in 8 bits where the weights are given so. `affine` takes both. */
  matrix(name: string, shape: readonly [out: number, width: number]): Value | Int8Weight<Value> {
    return this.parameters.matrix(this.join(name), shape);
  }

  /** Whether the weights hold `<path>.<name>`. */
  has(name: string): boolean {
    return this.parameters.has(this.join(name));
  }

  /** Whether `<path>.<name>` is learned. */
  trains(name: string): boolean {
    return this.parameters.trained.has(this.join(name));
  }

  private join(name: string | number): string {
    return this.path === '' ? `${name}` : `${this.path}.${name}`;
  }
}
