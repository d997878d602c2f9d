import type { Rle } from './types.ts';

/** 4-connected components of a mask, found on its vertical segments: memory follows the number of runs, not of pixels. */
export class Components {
  /** Segment s covers rows `top[s]` to `bottom[s]` (exclusive) of its column; the segments of column x are `first[x]` to `first[x + 1]`. */
  readonly #top: number[] = [];
  readonly #bottom: number[] = [];
  readonly #first: number[] = [0];
  readonly #parent: number[] = [];

  constructor(rle: Rle) {
    this.#split(rle);
    for (let x = 1; x + 1 < this.#first.length; x++) this.#join(x);
  }

  #split({ size: [height, width], counts }: Rle): void {
    let at = 0;
    for (let i = 0; i < counts.length; i++) {
      const end = at + counts[i]!;
      if (i % 2 === 0) at = end;
      while (at < end) {
        const x = Math.floor(at / height);
        while (this.#first.length <= x) this.#first.push(this.#top.length);
        const bottom = Math.min(end, (x + 1) * height);
        this.#parent.push(this.#top.length);
        this.#top.push(at - x * height);
        this.#bottom.push(bottom - x * height);
        at = bottom;
      }
    }
    while (this.#first.length <= width) this.#first.push(this.#top.length);
  }

  /** Unites segments of column x with those beside them in the column before. */
  #join(x: number): void {
    let left = this.#first[x - 1]!;
    let right = this.#first[x]!;
    while (left < this.#first[x]! && right < this.#first[x + 1]!) {
      if (this.#top[left]! < this.#bottom[right]! && this.#top[right]! < this.#bottom[left]!)
        this.#parent[this.#root(right)] = this.#root(left);
      if (this.#bottom[left]! < this.#bottom[right]!) left++;
      else right++;
    }
  }

  #root(segment: number): number {
    let s = segment;
    while (this.#parent[s] !== s) {
      this.#parent[s] = this.#parent[this.#parent[s]!]!;
      s = this.#parent[s]!;
    }
    return s;
  }

  /** A number that all pixels of one component share. The pixel must be foreground. */
  label(x: number, y: number): number {
    let [low, high] = [this.#first[x]!, this.#first[x + 1]!];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#bottom[middle]! > y) high = middle;
      else low = middle + 1;
    }
    return this.#root(low);
  }
}
