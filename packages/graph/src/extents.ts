import { VitaminError } from '@vitamin-vlm/core';
// oxlint-disable-next-line import/no-cycle -- types only: a graph has extents, which are worked out by nodes of that graph
import type { Graph, Value } from './graph.ts';
import { type Dim, formatShape, leastOf, namesOf, product, type Shape } from './shape.ts';

/** Where an extent can be read off when the graph runs. */
interface Place {
  readonly value: Value;
  readonly axis: number;
}

type Form = ReadonlyMap<string, number>;

/** The named extents of one graph: which names there are, which are sums of others, and how each is worked out when the graph runs. */
export class Extents {
  private readonly graph: Graph;
  /** Extents as they stand in a shape (`N`, `h*32`), each with the first value that has it. */
  private readonly places = new Map<string, Place>();
  /** Names, each with the extent that it is read off from: `h` from `h*32`. `undefined` for a name that stands in products of names only. */
  private readonly origins = new Map<string, string | undefined>();
  private readonly sums = new Map<string, Form>();
  private readonly known = new Map<string, Value>();

  constructor(graph: Graph) {
    this.graph = graph;
  }

  /** Whether some value bears the name. */
  has(name: string): boolean {
    return this.origins.has(name) || this.sums.has(name);
  }

  /** Takes the names in the shape of an input, or of a result that brings names with it. */
  learn(value: Value): void {
    value.shape.forEach((dim, axis) => {
      if (typeof dim === 'number') return;
      if (!this.places.has(dim)) this.places.set(dim, { value, axis });
      const names = namesOf(dim);
      for (const name of names) {
        if (names.length === 1 && !this.origins.get(name)) this.origins.set(name, dim);
        else if (!this.origins.has(name)) this.origins.set(name, undefined);
      }
    });
  }

  /** @throws VitaminError `USAGE` when a name in the shape belongs to no input and no result so far. */
  expectKnown(shape: Shape, what: string): void {
    const unknown = shape.flatMap(namesOf).find((name) => !this.has(name));
    if (unknown === undefined) return;
    throw new VitaminError('USAGE', `Expected names of known extents in ${what} but found "${unknown}" in ${formatShape(shape)}`, {
      hint: 'Names come from the shapes of inputs and from results whose extent gets a name, such as concat(values, axis, name).',
    });
  }

  /** See `Graph.extent`. */
  sum(plus: readonly Dim[], minus: readonly Dim[], name?: string): Dim {
    this.expectKnown([...plus, ...minus], 'a sum of extents');
    const form = this.form(plus, minus);
    const known = this.single(form);
    if (typeof known === 'number' || (name === undefined && known !== undefined)) return known;
    const shown = `${plus.join(' + ')}${minus.map((dim) => ` - ${dim}`).join('')}`;
    if (name === undefined) {
      throw new VitaminError('UNSUPPORTED', `Expected a name for the extent ${shown} but received none`, {
        hint: "Give it a name of your choice, as in concat(values, axis, 'T') or slice(x, { axis, start: 1, extent: 'R' }).",
      });
    }
    const before = this.sums.get(name);
    if (before ? !sameForm(before, form) : !/^[A-Za-z_]\w*$/.test(name) || [...form.keys()].some((key) => key.split('*').includes(name))) {
      throw new VitaminError('USAGE', `Expected a new name for the extent ${shown} but received "${name}"`);
    }
    this.sums.set(name, form);
    return name;
  }

  /** The sum of some extents less that of others where that is one extent: `S` of `T` less `P` when `T` = `P` + `S`. */
  difference(plus: readonly Dim[], minus: readonly Dim[]): Dim | undefined {
    return this.single(this.form(plus, minus));
  }

  /** The smallest number that an extent can stand for, as every name is at least 1. */
  least(dim: Dim): number {
    return [...this.form([dim]).values()].reduce((total, count) => total + count, 0);
  }

  /** A sum by its products of names, each with the number it is multiplied by; '' has the number that stands alone. */
  private form(plus: readonly Dim[], minus: readonly Dim[] = []): Form {
    const form = new Map<string, number>();
    const add = (key: string, count: number): void => {
      const total = (form.get(key) ?? 0) + count;
      if (total === 0) form.delete(key);
      else form.set(key, total);
    };
    for (const [dims, sign] of [
      [plus, 1],
      [minus, -1],
    ] as const) {
      for (const dim of dims) {
        const key = namesOf(dim).join('*');
        const fixed = typeof dim === 'number' ? dim : leastOf(dim);
        for (const [part, count] of this.sums.get(key) ?? [[key, 1] as const]) add(part, sign * fixed * count);
      }
    }
    return form;
  }

  /** A form as one extent, where it is one. */
  private single(form: Form): Dim | undefined {
    if (form.size === 0) return 0;
    const [[key, count]] = [...form] as [[string, number]];
    if (form.size === 1 && (key === '' || count > 0)) return key === '' ? count : product([key, count]);
    return [...this.sums].find(([, sum]) => sameForm(sum, form))?.[0];
  }

  /** Extents as int64 [rank]: a constant where all are numbers. */
  vector(shape: Shape): Value {
    if (shape.every((dim) => typeof dim === 'number')) return this.graph.integers(shape);
    if (shape.length === 1) return this.total(shape);
    return this.remember(formatShape(shape), () => {
      const parts = shape.map((dim) => this.total([dim]));
      return this.graph.node({ op: 'Concat', inputs: parts, attributes: { axis: 0 }, dtype: 'int64', shape: [shape.length] });
    });
  }

  /** The sum of some extents less that of others, as int64 [1]. Numbers may be negative here. */
  total(plus: readonly Dim[], minus: readonly Dim[] = []): Value {
    const known = this.difference(plus, minus);
    return known === undefined ? this.computed(plus, minus) : this.computed([known], []);
  }

  private computed(plus: readonly Dim[], minus: readonly Dim[]): Value {
    const [more, less] = [plus, minus].map((dims) => dims.filter((dim) => typeof dim === 'string')) as [string[], string[]];
    const fixed = numbersOf(plus) - numbersOf(minus);
    return this.remember(`${more.join('+')}-${less.join('-')}+${fixed}`, () => {
      const terms = more.map((dim) => this.named(dim));
      if (fixed !== 0 || terms.length === 0) terms.push(this.graph.integers([fixed]));
      const sum = terms.reduce((a, b) => this.compute('Add', a, b));
      return less.reduce((a, dim) => this.compute('Sub', a, this.named(dim)), sum);
    });
  }

  /** One named extent as int64 [1]. */
  private named(dim: string): Value {
    return this.remember(dim, () => {
      const place = this.places.get(dim);
      if (place) {
        const { value, axis } = place;
        return this.graph.node({ op: 'Shape', inputs: [value], attributes: { start: axis, end: axis + 1 }, dtype: 'int64', shape: [1] });
      }
      const names = namesOf(dim);
      if (names.length > 1 || names[0] !== dim) {
        const factors = names.map((name) => this.named(name)).reduce((a, b) => this.compute('Mul', a, b));
        const fixed = leastOf(dim);
        return fixed === 1 ? factors : this.compute('Mul', factors, this.graph.integers([fixed]));
      }
      const sum = this.sums.get(dim);
      if (sum && !this.origins.get(dim)) return this.weighted(sum);
      const origin = this.origins.get(dim);
      if (!origin) throw new VitaminError('UNSUPPORTED', `Expected "${dim}" to be the extent of some input but it stands in products only`);
      return this.compute('Div', this.named(origin), this.graph.integers([leastOf(origin)]));
    });
  }

  private weighted(form: Form): Value {
    const extents = (sign: number): Dim[] =>
      [...form].flatMap(([key, n]) => (n * sign < 0 ? [] : [key === '' ? n * sign : product([key, n * sign])]));
    return this.computed(extents(1), extents(-1));
  }

  private compute(op: string, a: Value, b: Value): Value {
    return this.graph.node({ op, inputs: [a, b], dtype: 'int64', shape: [1] });
  }

  private remember(key: string, make: () => Value): Value {
    const value = this.known.get(key) ?? make();
    this.known.set(key, value);
    return value;
  }
}

function sameForm(a: Form, b: Form): boolean {
  return a.size === b.size && [...a].every(([key, count]) => b.get(key) === count);
}

function numbersOf(dims: readonly Dim[]): number {
  return dims.reduce<number>((sum, dim) => (typeof dim === 'number' ? sum + dim : sum), 0);
}
