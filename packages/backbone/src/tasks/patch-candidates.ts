/**
 * Which labels can win somewhere between four cells. A pixel's value is a mean of the four values at the corners, so a label that another one
 * beats at every corner wins nowhere between them. Of a thousand labels about a dozen remain.
 */
export class PatchCandidates {
  readonly #labels: number;
  /** A lead that rounding cannot turn round. */
  readonly #margin: number;
  readonly #found: Int32Array;

  /** @param limit - Largest absolute value at any corner; infinite where some are no numbers: then every label stays. */
  constructor(labels: number, limit: number) {
    this.#labels = labels;
    // A pixel's value and the best so far are rounded to float32: together less than five times 2^-24 of it.
    this.#margin = limit * 2 ** -20;
    this.#found = new Int32Array(labels);
  }

  /** The labels that remain, rising. Valid until the next call. `corners`: four times the values of all labels. */
  find(corners: readonly Float32Array[]): Int32Array {
    const found = this.#found;
    const count = this.#notBeatenBy(this.#leaders(corners), corners);
    let kept = 0;
    for (let i = 0; i < count; i++) if (!this.#isBeaten(i, kept, count, corners)) found[kept++] = found[i]!;
    return found.subarray(0, kept);
  }

  /** Whether one of those kept, or of those still to be asked, beats the i-th. Whoever beats one that went is among them, and beats it too. */
  #isBeaten(i: number, kept: number, count: number, corners: readonly Float32Array[]): boolean {
    const found = this.#found;
    for (let j = 0; j < kept; j++) if (this.#beats(found[j]!, found[i]!, corners)) return true;
    for (let j = i + 1; j < count; j++) if (this.#beats(found[j]!, found[i]!, corners)) return true;
    return false;
  }

  /** The best label at each corner, and of all corners together. */
  #leaders(corners: readonly Float32Array[]): number[] {
    const [a, b, c, d] = corners as [Float32Array, Float32Array, Float32Array, Float32Array];
    const leaders = [0, 0, 0, 0, 0];
    let most = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < this.#labels; k++) {
      for (let at = 0; at < 4; at++) if (corners[at]![k]! > corners[at]![leaders[at]!]!) leaders[at] = k;
      const least = Math.min(a[k]!, b[k]!, c[k]!, d[k]!);
      if (least > most) {
        most = least;
        leaders[4] = k;
      }
    }
    return [...new Set(leaders)];
  }

  #notBeatenBy(leaders: readonly number[], corners: readonly Float32Array[]): number {
    let count = 0;
    for (let k = 0; k < this.#labels; k++) {
      let stays = true;
      for (let i = 0; stays && i < leaders.length; i++) stays = !this.#beats(leaders[i]!, k, corners);
      if (stays) this.#found[count++] = k;
    }
    return count;
  }

  #beats(j: number, k: number, [a, b, c, d]: readonly Float32Array[]): boolean {
    const margin = this.#margin;
    return a![j]! > a![k]! + margin && b![j]! > b![k]! + margin && c![j]! > c![k]! + margin && d![j]! > d![k]! + margin;
  }
}
