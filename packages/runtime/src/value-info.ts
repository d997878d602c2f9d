import { arrayTypes, sizeOf, VitaminError, type DType, type Tensor } from '@vitamin-vlm/core';

/** Name, dtype and shape of a session's input or output. A string in the shape is a symbolic dimension: any size fits. */
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
}
