import { arrayTypes, sizeOf, VitaminError, type DType, type Tensor } from '@vitamin-vlm/core';

/**
 * Name, dtype and shape of a session's input or output. A string in the shape is an extent that is known when the session runs: a name stands for one
 * number in all inputs, `h*32` for a multiple of 32; any size fits other strings, such as the empty one.
 */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/** Tensors by the name of the input or output they belong to. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

const describe = (value: { readonly dtype: string; readonly shape: readonly (number | string)[] }): string =>
  `${value.dtype} [${value.shape.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`;

const fits = (found: readonly number[], expected: ValueInfo['shape']): boolean =>
  found.length === expected.length &&
  found.every((dim, i) => Number.isInteger(dim) && dim >= 0 && (typeof expected[i] === 'string' || expected[i] === dim));

function checkFeed(input: ValueInfo, feed: Tensor): void {
  if (feed.dtype !== input.dtype || !fits(feed.shape, input.shape)) {
    throw new VitaminError('USAGE', `Expected input "${input.name}" to be ${describe(input)} but received ${describe(feed)}`);
  }
  const arrayType = arrayTypes[input.dtype];
  if (!(feed.data instanceof arrayType) || feed.data.length !== sizeOf(feed.shape)) {
    const found = `${feed.data?.constructor?.name ?? typeof feed.data} of length ${feed.data?.length}`;
    throw new VitaminError(
      'USAGE',
      `Expected the data of input "${input.name}" to be ${arrayType.name} of length ${sizeOf(feed.shape)} but received ${found}`,
      { hint: 'A length of 0 is typical of data that was handed over to another thread before.' },
    );
  }
}

/** A name, or a product of names and at last a number, as the graph package writes it: `N`, `h*32`, `M*N*2`. */
const product = /^[A-Za-z_]\w*(?:\*[A-Za-z_]\w*)*(?:\*[1-9]\d*)?$/;

/** One input's extent that has names in it. */
interface NamedExtent {
  readonly input: ValueInfo;
  readonly axis: number;
  readonly found: number;
  readonly names: readonly string[];
  readonly fixed: number;
}

function namedExtents(inputs: readonly ValueInfo[], feeds: NamedTensors): NamedExtent[] {
  return inputs.flatMap((input) =>
    input.shape.flatMap((dim, axis): NamedExtent[] => {
      if (typeof dim === 'number' || !product.test(dim)) return [];
      const factors = dim.split('*');
      const last = Number(factors.at(-1));
      const names = Number.isNaN(last) ? factors : factors.slice(0, -1);
      return [{ input, axis, found: feeds[input.name]!.shape[axis]!, names, fixed: Number.isNaN(last) ? 1 : last }];
    }),
  );
}

/** A name is read off the first extent that has it alone. All others, products of several names included, must agree. */
function checkNames(inputs: readonly ValueInfo[], feeds: NamedTensors): void {
  const extents = namedExtents(inputs, feeds);
  const known = new Map<string, { readonly size: number; readonly from: string }>();
  const refuse = ({ input, axis, found }: NamedExtent, expected: string): never => {
    const shape = describe(feeds[input.name]!);
    throw new VitaminError(
      'USAGE',
      `Expected ${expected} on axis ${axis} of input "${input.name}", ${describe(input)}, but received ${found}`,
      {
        hint: `The tensor is ${shape}.`,
      },
    );
  };
  for (const extent of extents) {
    const { input, axis, found, names, fixed } = extent;
    if (found % fixed !== 0) refuse(extent, `a multiple of ${fixed}`);
    const name = names[0]!;
    if (names.length > 1 || known.has(name)) continue;
    known.set(name, { size: found / fixed, from: `"${name}" is ${found / fixed} by axis ${axis} of "${input.name}"` });
  }
  for (const extent of extents) {
    const factors = extent.names.map((name) => known.get(name));
    if (factors.includes(undefined)) continue;
    const expected = factors.reduce((size, factor) => size * factor!.size, extent.fixed);
    if (extent.found !== expected) refuse(extent, `${expected}, as ${[...new Set(factors)].map((factor) => factor!.from).join(' and ')},`);
  }
}

/**
 * Compares feeds with a session's inputs before anything runs.
 *
 * @throws VitaminError `USAGE` that names the input, what was expected and what was received.
 */
export function checkFeeds(inputs: readonly ValueInfo[], feeds: NamedTensors): void {
  const unknown = Object.keys(feeds).find((name) => !inputs.some((input) => input.name === name));
  if (unknown !== undefined) {
    const names = inputs.map((input) => `"${input.name}"`).join(', ') || 'none';
    throw new VitaminError('USAGE', `Expected feeds for the inputs ${names} but received one for "${unknown}"`);
  }
  for (const input of inputs) {
    const feed = Object.hasOwn(feeds, input.name) ? feeds[input.name] : undefined;
    if (!feed) throw new VitaminError('USAGE', `Expected input "${input.name}" to be ${describe(input)} but received nothing`);
    checkFeed(input, feed);
  }
  checkNames(inputs, feeds);
}
