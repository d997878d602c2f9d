import type { ModelAttribute, ModelNode } from './onnx/read-model.ts';

/**
 * The attributes of one node. An operator reads those that it knows; what is left over then is something that it would ignore, so it is
 * reported, and so is a value that it does not take.
 */
export class Attributes {
  readonly #values: ReadonlyMap<string, ModelAttribute>;
  readonly #unread: Set<string>;
  readonly #refused: string[] = [];

  constructor({ attributes }: ModelNode) {
    this.#values = attributes;
    this.#unread = new Set(attributes.keys());
  }

  number(name: string, otherwise: number): number {
    return this.#read(name, (value) => typeof value === 'number') ?? otherwise;
  }

  text(name: string, otherwise: string): string {
    return this.#read(name, (value) => typeof value === 'string') ?? otherwise;
  }

  numbers(name: string): readonly number[] | undefined {
    return this.#read(name, (value): value is readonly number[] => Array.isArray(value));
  }

  /** For an attribute that may say what the operator does anyway. */
  only(name: string, value: ModelAttribute): void {
    this.#read(name, (found) => JSON.stringify(found) === JSON.stringify(value));
  }

  /** What the operator cannot do: `auto_pad=SAME_UPPER`. */
  get unsupported(): string[] {
    return [...this.#unread, ...this.#refused].map((name) => {
      const value = this.#values.get(name);
      return typeof value === 'object' && 'other' in value ? name : `${name}=${String(value)}`;
    });
  }

  #read<T extends ModelAttribute>(
    name: string,
    fits: ((value: ModelAttribute) => value is T) | ((value: ModelAttribute) => boolean),
  ): T | undefined {
    const value = this.#values.get(name);
    this.#unread.delete(name);
    if (value === undefined) return undefined;
    if (fits(value)) return value as T;
    this.#refused.push(name);
    return undefined;
  }
}
