import { describe, expect, it } from 'vitest';
import { bboxIou, maskIou } from '../src/mask/iou.ts';
import { bboxToRle, segmentationToRle, polygonsToRle, uncompressedToRle } from '../src/mask/from-shapes.ts';
import { mergeMasks } from '../src/mask/merge.ts';
import { decodeMask, encodeMask, maskArea, maskToBbox } from '../src/mask/rle.ts';
import { formatRleString, parseCounts, parseRleString } from '../src/mask/rle-string.ts';
import type { Rle } from '../src/mask/types.ts';
import { hasData, readJson, whyNot } from './shared.ts';

interface Compressed {
  size: [number, number];
  counts: string;
}
interface Vectors {
  polygons: { h: number; w: number; poly: number[]; counts: string; area: number; bbox: number[] }[];
  bboxes: { h: number; w: number; bbox: number[]; counts: string; area: number; toBbox: number[] }[];
  masks: { h: number; w: number; rows: string[]; counts: string; area: number; toBbox: number[] }[];
  merge: { in: Compressed[]; union: Compressed; intersect: Compressed }[];
  iou: { dt: Compressed[]; gt: Compressed[]; iscrowd: number[]; iou: number[][] }[];
  bbox_iou: { dt: number[][]; gt: number[][]; iscrowd: number[]; iou: (number | null)[][] }[];
  strings: { counts: number[]; string: string }[];
  uncompressed: { size: [number, number]; counts: number[]; string: string }[];
  invalid: Compressed[];
}

const parse = (rle: Compressed): Rle => parseRleString(rle.counts, rle.size[0], rle.size[1]);

// Values of pycocotools 2.0.11.
describe.skipIf(!hasData)(`mask vectors of the reference${whyNot}`, () => {
  const vectors = hasData ? (readJson('golden/mask_vectors.json.gz') as Vectors) : ({} as Vectors);

  it('rasterizes polygons and boxes exactly', () => {
    for (const { h, w, poly, counts, area, bbox } of vectors.polygons) {
      const rle = polygonsToRle([poly], h, w);
      expect([poly, formatRleString(rle), maskArea(rle), maskToBbox(rle)]).toEqual([poly, counts, area, bbox]);
    }
    for (const { h, w, bbox, counts, area, toBbox } of vectors.bboxes) {
      const rle = bboxToRle(bbox, h, w);
      expect([bbox, formatRleString(rle), maskArea(rle), maskToBbox(rle)]).toEqual([bbox, counts, area, toBbox]);
    }
  });

  it('encodes and decodes masks exactly', () => {
    for (const { h, w, rows, counts, area, toBbox } of vectors.masks) {
      const pixels = Uint8Array.from(rows.join(''), Number);
      const rle = encodeMask(pixels, h, w);
      expect([formatRleString(rle), maskArea(rle), maskToBbox(rle)]).toEqual([counts, area, toBbox]);
      expect(decodeMask(parseRleString(counts, h, w))).toEqual(pixels);
    }
  });

  it('merges exactly, mismatched sizes included', () => {
    for (const { in: masks, union, intersect } of vectors.merge) {
      for (const [expected, merged] of [
        [union, mergeMasks(masks.map(parse))],
        [intersect, mergeMasks(masks.map(parse), true)],
      ] as const) {
        expect({ size: [...merged.size], counts: formatRleString(merged) }).toEqual(expected);
      }
    }
  });

  it('computes mask and box IoU exactly', () => {
    for (const { dt, gt, iscrowd, iou } of vectors.iou) {
      expect([...maskIou(dt.map(parse), gt.map(parse), iscrowd)]).toEqual(iou.flat());
    }
    for (const { dt, gt, iscrowd, iou } of vectors.bbox_iou) {
      expect([...bboxIou(dt, gt, iscrowd)]).toEqual(iou.flat().map((v) => v ?? NaN));
    }
  });

  it('codes strings and plain counts exactly', () => {
    for (const { counts, string } of vectors.strings) {
      expect(formatRleString({ size: [1, 1], counts: Uint32Array.from(counts) })).toBe(string);
      expect([...parseCounts(string)]).toEqual(counts);
    }
    for (const { size, counts, string } of vectors.uncompressed) {
      expect(formatRleString(uncompressedToRle(counts, ...size))).toBe(string);
    }
    for (const rle of vectors.invalid) expect(() => parse(rle)).toThrow(/Expected runs of at most 100 pixels/);
  });

  it('matches 2440 real annotations', () => {
    type Row = [file: string, id: number, counts: string, area: number, bbox: number[]];
    const { rows } = readJson('golden/mask_real_annotations.json.gz') as { rows: Row[] };
    const files = new Map<string, { images: Map<number, { height: number; width: number }>; anns: Map<number, never> }>();
    for (const [file, id, counts, area, bbox] of rows) {
      let index = files.get(file);
      if (index === undefined) {
        const data = readJson(file) as { images: { id: number }[]; annotations: { id: number }[] };
        index = {
          images: new Map(data.images.map((i) => [i.id, i as never])),
          anns: new Map(data.annotations.map((a) => [a.id, a as never])),
        };
        files.set(file, index);
      }
      const annotation = index.anns.get(id) as unknown as { image_id: number; segmentation: number[][] };
      const image = index.images.get(annotation.image_id)!;
      const rle = segmentationToRle(annotation.segmentation, image.height, image.width);
      expect([id, formatRleString(rle), maskArea(rle), maskToBbox(rle)]).toEqual([id, counts, area, bbox]);
    }
    expect(rows.length).toBe(2440);
  });
});
