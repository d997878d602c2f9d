/** How the numbers of a data set's label maps are meant. */
export interface LabelValues {
  /** The number of each class, in the order of the classes. */
  readonly classes: readonly number[];
  /** Numbers of pixels of which nothing is known; `others`: all that are no class. */
  readonly none: readonly number[] | 'others';
}

/** Numbers from `first` on. */
export function fromNumber(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** In a table of `classTable`: pixels of which nothing is known, and numbers that do not belong in the map. */
export const NO_TRUTH = 65_535;
export const FOREIGN = 65_534;

/** The class of every number of 16 bits. */
export function classTable({ classes, none }: LabelValues): Uint16Array {
  const table = new Uint16Array(65_536).fill(none === 'others' ? NO_TRUTH : FOREIGN);
  if (none !== 'others') for (const value of none) table[value] = NO_TRUTH;
  for (const [index, value] of classes.entries()) table[value] = index;
  return table;
}

/** `0 to 149, or 255 for none`, as a message says what was expected. */
export function describeValues({ classes, none }: LabelValues): string {
  const sorted = classes.toSorted((a, b) => a - b);
  const [first = 0, last = 0] = [sorted[0], sorted.at(-1)];
  const whole = last - first === sorted.length - 1;
  const numbers = whole ? `numbers ${first} to ${last}` : `numbers of ${sorted.length} classes from ${first} to ${last}`;
  return none === 'others' ? numbers : `${numbers}, and ${none.join(' and ')} where nothing is known,`;
}
