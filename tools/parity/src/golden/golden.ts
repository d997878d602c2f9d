import { VitaminError } from '@vitamin-vlm/core';
import type { Comparison } from '../compare.ts';
import {
  compareNumbers,
  compareTensor,
  equalValues,
  type Found,
  type GoldenTensor,
  isGoldenTensor,
  type Limits,
} from './compare-values.ts';

/** The outcome for one member of a golden file. */
export interface GoldenResult extends Comparison {
  /** Where in the file, e.g. `coco.roiStage.logits`. */
  readonly field: string;
}

/** What has been done with the values of one file. */
class Ledger {
  /** Paths whose values, with everything below them, were compared or taken as inputs. */
  readonly done = new Set<string>();
  compared = 0;
  readonly report: (result: GoldenResult) => void;

  constructor(report: (result: GoldenResult) => void) {
    this.report = report;
  }
}

/**
 * A golden file, or a member of it, that remembers which of its values were compared. A checker walks to a member with `at`, takes what a run needs
 * with `take`, and hands in what it computed with `tensor`, `numbers` or `equal`; whatever was left out is found by `unchecked`.
 *
 * @example
 * ```ts
 * import { Golden } from '@vitamin-vlm/parity';
 * const golden = Golden.parse('{"config":{"size":2},"sum":3}', ({ field, pass }) => console.log(field, pass));
 * const size = golden.at('config', 'size').takeNumber();
 * golden.at('sum').numbers([size + 1]);
 * console.log(golden.unchecked(), golden.compared); // [] 1
 * ```
 */
export class Golden {
  readonly value: unknown;
  readonly #path: readonly string[];
  readonly #ledger: Ledger;

  private constructor(value: unknown, path: readonly string[], ledger: Ledger) {
    this.value = value;
    this.#path = path;
    this.#ledger = ledger;
  }

  /** @throws VitaminError `USAGE` for a text that is no JSON object. */
  static parse(text: string, report: (result: GoldenResult) => void): Golden {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new VitaminError('USAGE', 'Expected a golden file in JSON but found something else', { cause });
    }
    if (!isObject(value)) throw new VitaminError('USAGE', 'Expected a golden file with a JSON object but found another value');
    return new Golden(value, [], new Ledger(report));
  }

  /** Values compared so far in the whole file. */
  get compared(): number {
    return this.#ledger.compared;
  }

  /** A member, some names deeper; positions of lists count as names. @throws VitaminError `USAGE` when it is not there. */
  at(...names: readonly (string | number)[]): Golden {
    let value = this.value;
    const path = [...this.#path];
    for (const name of names) {
      path.push(`${name}`);
      if (!(isObject(value) || Array.isArray(value)) || !Object.hasOwn(value, name)) {
        throw new VitaminError('USAGE', `Expected a member ${path.join('.')} in the golden file but found none`);
      }
      value = (value as Record<string, unknown>)[name];
    }
    return new Golden(value, path, this.#ledger);
  }

  has(name: string): boolean {
    return isObject(this.value) && Object.hasOwn(this.value, name);
  }

  /** Names of the members, in the order of the file. */
  keys(): string[] {
    return isObject(this.value) || Array.isArray(this.value) ? Object.keys(this.value) : [];
  }

  /** The value as something that a run needs: it is not compared, and counts as done with all that lies below. */
  take(): unknown {
    this.#ledger.done.add(keyOf(this.#path));
    return this.value;
  }

  /** `take` for a number. @throws VitaminError `USAGE` for another value. */
  takeNumber(): number {
    const value = this.take();
    if (typeof value === 'number') return value;
    throw this.#unfit('a number');
  }

  /** `take` for a list of numbers, nested or not, made flat. @throws VitaminError `USAGE` for another value. */
  takeNumbers(): number[] {
    const value = [this.take()].flat(Infinity);
    if (Array.isArray(this.value) && value.every((item) => typeof item === 'number')) return value;
    throw this.#unfit('a list of numbers');
  }

  /** `take` for a text. @throws VitaminError `USAGE` for another value. */
  takeText(): string {
    const value = this.take();
    if (typeof value === 'string') return value;
    throw this.#unfit('a text');
  }

  /** Compares a tensor with its digest: shape, mean, meanAbs, single values, sums. `limits` as for `compareTensor`. */
  tensor(found: Found, limits?: Limits): void {
    if (!isGoldenTensor(this.value)) throw this.#unfit('the digest of a tensor');
    const { names, count, ...comparison } = compareTensor(found, this.value as GoldenTensor, limits);
    for (const name of names) this.#ledger.done.add(keyOf([...this.#path, name]));
    this.#finish(count, comparison);
  }

  /**
   * Compares a number or a list of numbers, nested or not, one by one.
   *
   * @param scale - What the numbers were computed from, for a difference of larger ones. Default: the mean of the absolute values expected.
   */
  numbers(found: ArrayLike<number>, scale?: number): void {
    this.#ledger.done.add(keyOf(this.#path));
    const expected = [this.value].flat(Infinity) as number[];
    this.#finish(expected.length, compareNumbers(Array.from(found), expected, scale));
  }

  /** Compares texts, counts, indices and the like: nothing but the same will do. */
  equal(found: unknown): void {
    this.#ledger.done.add(keyOf(this.#path));
    this.#finish([this.value].flat(Infinity).length, equalValues(found, this.value));
  }

  /** Reports that a member could not be computed. Its values stay unchecked. */
  fail(reason: string): void {
    this.#ledger.report({ field: this.#path.join('.'), pass: false, error: Infinity, limit: 0, at: reason });
  }

  /** Every value of the file that was neither compared nor taken as an input; lists and digests are named once. */
  unchecked(): string[] {
    const { done } = this.#ledger;
    const walk = (value: unknown, path: readonly string[]): string[] => {
      if (done.has(keyOf(path))) return [];
      if (Array.isArray(value) && !value.some((item) => isObject(item))) return [path.join('.')];
      if (isGoldenTensor(value) && !Object.keys(value as object).some((name) => done.has(keyOf([...path, name])))) return [path.join('.')];
      if (isObject(value) || Array.isArray(value)) return Object.entries(value).flatMap(([name, item]) => walk(item, [...path, name]));
      return [path.join('.')];
    };
    return walk(this.value, this.#path);
  }

  #unfit(expected: string): VitaminError {
    return new VitaminError('USAGE', `Expected ${expected} at ${this.#path.join('.')} in the golden file but found another value`);
  }

  #finish(count: number, comparison: Comparison): void {
    this.#ledger.compared += count;
    this.#ledger.report({ field: this.#path.join('.'), ...comparison });
  }
}

/** Names may hold dots: tensors are named like that. */
function keyOf(path: readonly string[]): string {
  return path.join('\0');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
