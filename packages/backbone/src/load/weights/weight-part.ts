import { createHash } from 'node:crypto';
import type { Tensor, TensorRecord } from '@vitamin-vlm/core';
import type { Weights } from '@vitamin-vlm/graph';
import { type DigestOptions, digestRecords, digestTensor } from './tensor-digests.ts';

/**
 * A part of some weights under its own names: an image tower, the heads of a detector. Made by `OpenWeights`, which accounts for all parts.
 *
 * @example
 * ```ts
 * import { openWeights } from '@vitamin-vlm/backbone';
 * import { Graph, Parameters } from '@vitamin-vlm/graph';
 * await using weights = await openWeights('fvit.pth');
 * const heads = await weights.part('roi_head.');
 * const parameters = new Parameters(new Graph('heads'), { weights: heads.weights }); // build the network, then:
 * heads.expect(parameters.declared);
 * weights.check();
 * ```
 */
export class WeightPart {
  /** By the part's names: places in the files; tensors that are strided there were read. */
  readonly weights: Weights;
  readonly #fullName: (own: string) => string;
  readonly #options: DigestOptions;
  readonly #expected = new Set<string>();
  readonly #problems = new Set<string>();

  constructor(weights: Weights, fullName: (own: string) => string, options: DigestOptions) {
    this.weights = weights;
    this.#fullName = fullName;
    this.#options = options;
  }

  /** Says which tensors a network asks for, by the part's names. May be called several times. */
  expect(shapes: ReadonlyMap<string, readonly number[]>): void {
    for (const [name, shape] of shapes) {
      this.#expected.add(name);
      const found = this.weights.get(name)?.shape;
      const full = this.#fullName(name);
      if (!found) this.#problems.add(`missing    ${full}: expected [${shape.join(', ')}]`);
      else if (found.join() !== shape.join())
        this.#problems.add(`mismatched ${full}: expected [${shape.join(', ')}], found [${found.join(', ')}]`);
    }
  }

  /** Says which tensors may be there though no network asks for them. */
  allow(names: Iterable<string>): void {
    for (const name of names) this.#expected.add(name);
  }

  /** What does not fit, a line for each tensor. */
  get problems(): readonly string[] {
    return [...this.#problems];
  }

  /** Full names of tensors that nobody expects. */
  get unused(): readonly string[] {
    return [...this.weights.keys()].filter((name) => !this.#expected.has(name)).map(this.#fullName);
  }

  /**
   * SHA-256, 64 hexadecimal digits, over the part's name, type, shape and bytes of each tensor, in the order of the names: equal for equal
   * weights, whatever file they lie in and whatever stands before their names there. An unchanged file is read once and remembered.
   * Tensors that hold NaN or infinities become problems.
   *
   * @param counts - Which tensors, by the part's names. Default: all.
   * @throws VitaminError `WEIGHTS_CORRUPT`, `ABORTED`.
   */
  async digest(counts: (name: string) => boolean = () => true): Promise<string> {
    const chosen = [...this.weights].filter(([name]) => counts(name)).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const inFiles = await digestRecords(
      chosen.map(([, data]) => data).filter((data): data is TensorRecord => 'file' in data),
      this.#options,
    );
    const lines = chosen.map(([name, data]) => {
      const { sha256, finite } = inFiles.get(data as TensorRecord) ?? digestTensor(data as Tensor);
      if (!finite) this.#problems.add(`not finite ${this.#fullName(name)}: holds NaN or infinities`);
      return [name, data.dtype, data.shape, sha256];
    });
    return createHash('sha256').update(JSON.stringify(lines)).digest('hex');
  }
}
