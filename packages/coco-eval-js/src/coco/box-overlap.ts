import { Overlap } from './overlap.ts';

/** maskApi.c, bbIou. */
export class BoxOverlap extends Overlap {
  /** Left, top, right, bottom and area of the pair's ground truths, side by side: every detection reads them all. */
  #edges = new Float64Array(256);

  protected override prepare(gtRows: Int32Array, from: number, to: number): void {
    if (5 * (to - from) > this.#edges.length) this.#edges = new Float64Array(10 * (to - from));
    const edges = this.#edges;
    const box = this.gt.bbox!;
    let at = 0;
    for (let r = from; r < to; r++) {
      const i = 4 * gtRows[r]!;
      edges[at] = box[i]!;
      edges[at + 1] = box[i + 1]!;
      edges[at + 2] = box[i + 2]! + box[i]!;
      edges[at + 3] = box[i + 3]! + box[i + 1]!;
      edges[at + 4] = box[i + 2]! * box[i + 3]!;
      at += 5;
    }
  }

  protected fillRow(dtRow: number, gtRows: Int32Array, from: number, to: number, at: number): void {
    const { matrix } = this;
    const { crowd } = this.gt;
    const edges = this.#edges;
    const box = this.dt.bbox!;
    const i = 4 * dtRow;
    const x = box[i]!;
    const y = box[i + 1]!;
    const right = box[i + 2]! + x;
    const bottom = box[i + 3]! + y;
    const area = box[i + 2]! * box[i + 3]!;
    for (let r = from, j = 0; r < to; r++, j += 5) {
      const w = (right < edges[j + 2]! ? right : edges[j + 2]!) - (x > edges[j]! ? x : edges[j]!);
      const h = (bottom < edges[j + 3]! ? bottom : edges[j + 3]!) - (y > edges[j + 1]! ? y : edges[j + 1]!);
      let value = 0;
      if (w > 0 && h > 0) value = (w * h) / (crowd[gtRows[r]!] === 1 ? area : area + edges[j + 4]! - w * h);
      matrix[at++] = value;
    }
  }
}
