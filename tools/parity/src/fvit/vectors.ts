import { createHash } from 'node:crypto';
import { decodeMask } from '@vitamin-vlm/core';
import {
  baseAnchors,
  choose,
  decodeBoxes,
  type Deviations,
  encodeBoxes,
  iouMatrix,
  levelAnchors,
  nms,
  pasteMask,
  stretchMask,
} from '@vitamin-vlm/fvit-detection';
import { roiWeights } from '@vitamin-vlm/graph';
import { mmdetSize, resize } from '@vitamin-vlm/image';
import { formulaStream, formulaValues } from '../formula.ts';
import type { Golden } from '../golden/golden.ts';
import type { GoldenChecker } from '../golden/checker.ts';
import { assigning, lossOfClasses } from './training-vectors.ts';

/** Operator vectors of F-ViT: boxes, suppression, RoIAlign, resizing. */
export const fvitVectors: GoldenChecker = async (golden, context) => {
  roiAlign(golden.at('roiAlign'));
  suppression(golden);
  multiclass(golden.at('multiclassNms'));
  overlaps(golden.at('iouMatrix'));
  deltas(golden.at('deltaCoder'));
  anchors(golden.at('anchors'));
  pasting(golden.at('paste'));
  resizing(golden);
  assigning(golden.at('assigner'), sixtyBoxes().boxes);
  await lossOfClasses(golden.at('classLoss'), context);
};

function roiAlign(golden: Golden): void {
  const feature = formulaValues('vec.roi.feat', [1, 3, 12, 16], 4);
  golden.at('feature').tensor(feature);
  const rois = Float32Array.from(golden.at('rois').takeNumbers());
  const count = rois.length / 4;
  for (const i of golden.at('cases').keys()) {
    const one = golden.at('cases', i);
    const [bins, scale, sampling] = ['output', 'scale', 'sampling'].map((name) => one.at(name).takeNumber()) as [number, number, number];
    const { rows, columns } = roiWeights({
      boxes: rois,
      images: new Uint8Array(count),
      maps: [1, 12, 16],
      size: [bins, bins],
      scale,
      sampling,
    });
    const data = new Float64Array(count * 3 * bins * bins);
    for (let at = 0; at < data.length; at++) {
      const [x, y, channel, roi] = [
        at % bins,
        Math.floor(at / bins) % bins,
        Math.floor(at / bins ** 2) % 3,
        Math.floor(at / (3 * bins ** 2)),
      ];
      for (let h = 0; h < 12; h++) {
        for (let w = 0; w < 16; w++) {
          data[at]! +=
            rows.data[(roi * bins + y) * 12 + h]! * columns.data[(roi * bins + x) * 16 + w]! * feature.data[(channel * 12 + h) * 16 + w]!;
        }
      }
    }
    one.at('T').tensor({ shape: [count, 3, bins, bins], data });
    const perRoi = 3 * bins * bins;
    const ofRoi = (roi: number): Float64Array => data.subarray(roi * perRoi, (roi + 1) * perRoi);
    const range = [...Array(count).keys()];
    one.at('perRoiMean').numbers(range.map((roi) => ofRoi(roi).reduce((a, b) => a + b, 0) / perRoi));
    if (one.has('channel0')) one.at('channel0').numbers(range.flatMap((roi) => [...ofRoi(roi).subarray(0, bins * bins)]));
  }
}

/** The sixty boxes and five columns of scores that several vectors share. */
function sixtyBoxes(): { boxes: Float32Array; scores: Float32Array } {
  const next = formulaStream('vec.nms.boxes');
  const boxes = new Float32Array(240);
  for (let i = 0; i < 240; i += 4) {
    const [a, b, c, d] = [next() + 0.5, next() + 0.5, next() + 0.5, next() + 0.5];
    boxes.set([80 * a, 60 * b, 80 * a + 5 + 40 * c, 60 * b + 5 + 40 * d], i);
  }
  return { boxes, scores: formulaValues('vec.nms.scores', [60, 5], 1, 0.5).data };
}

function suppression(golden: Golden): void {
  const boxes = Float32Array.from(golden.at('nms', 'boxes').takeNumbers());
  const scores = Float32Array.from(golden.at('nms', 'scores').takeNumbers());
  for (const i of golden.at('nms', 'cases').keys()) keeps(golden.at('nms', 'cases', i), boxes, scores);
  keeps(golden.at('batchedNms'), boxes, scores, Uint32Array.from(golden.at('batchedNms', 'labels').takeNumbers()));
  const sixty = sixtyBoxes();
  const first = sixty.scores.filter((_, i) => i % 5 === 0);
  for (const i of golden.at('randomNms').keys()) keeps(golden.at('randomNms', i), sixty.boxes, first);
}

function keeps(golden: Golden, boxes: Float32Array, scores: Float32Array, groups?: Uint32Array): void {
  golden.at('keep').equal(nms(boxes, scores, { threshold: golden.at('threshold').takeNumber(), groups }));
}

function multiclass(golden: Golden): void {
  const { boxes, scores } = sixtyBoxes();
  const [score, iou, max] = ['scoreThr', 'iou', 'max'].map((name) => golden.at(name).takeNumber()) as [number, number, number];
  const chosen = choose(boxes, scores, 5, 4, { score, nms: iou, max });
  const places = [...chosen.rois.keys()];
  golden.at('dets').numbers(places.flatMap((i) => [...boxes.subarray(4 * chosen.rois[i]!, 4 * chosen.rois[i]! + 4), chosen.scores[i]!]));
  golden.at('labels').equal(chosen.classes);
  golden.at('flatIndex').equal(places.map((i) => 4 * chosen.rois[i]! + chosen.classes[i]!));
}

function overlaps(golden: Golden): void {
  const { boxes } = sixtyBoxes();
  golden.tensor({ shape: [20, 40], data: iouMatrix(boxes.subarray(0, 80), boxes.subarray(80)) });
}

function deltas(golden: Golden): void {
  const rows = (name: string): Float32Array => Float32Array.from(golden.at(name).takeNumbers());
  const [proposals, moves, targets] = [rows('proposals'), rows('deltas'), rows('gt')];
  for (const i of golden.at('cases').keys()) {
    const one = golden.at('cases', i);
    const deviations = one.at('stds').takeNumbers() as unknown as Deviations;
    const [height, width] = one.at('imageHW').takeNumbers() as [number, number];
    one.at('decodedClipped').numbers(decodeBoxes(proposals, moves, deviations, { height, width }));
    one.at('decodedUnclipped').numbers(decodeBoxes(proposals, moves, deviations));
    const places = one.at('encodeRows').takeNumbers();
    const pick = (boxes: Float32Array): Float32Array =>
      Float32Array.from(places.flatMap((row) => [...boxes.subarray(4 * row, 4 * row + 4)]));
    one.at('encoded').numbers(encodeBoxes(pick(proposals), pick(targets), deviations));
  }
}

function anchors(golden: Golden): void {
  const strides = [4, 8, 16, 32, 64];
  golden.at('base').numbers(strides.flatMap((stride) => [...baseAnchors(stride)]));
  for (const name of golden.at('grids').keys()) {
    const grid = golden.at('grids', name);
    const [height, width] = name.split('x').map(Number) as [number, number];
    const levels = strides.map((stride) => levelAnchors({ stride, height: Math.ceil(height / stride), width: Math.ceil(width / stride) }));
    grid.at('counts').equal(levels.map(({ length }) => length / 4));
    for (const [i, data] of levels.entries()) grid.at('levels', i).tensor({ shape: [data.length / 4, 4], data });
    grid.at('first4').numbers(levels.flatMap((data) => [...data.subarray(0, 16)]));
    grid.at('last2').numbers(levels.flatMap((data) => [...data.subarray(-8)]));
  }
}

function pasting(golden: Golden): void {
  const [height, width] = golden.at('imageHW').takeNumbers() as [number, number];
  const mask = formulaValues('vec.paste', [1, 1, 28, 28], 8).data.map((logit) => 1 / (1 + Math.exp(-logit)));
  golden.at('mask').tensor({ shape: [1, 1, 28, 28], data: mask });
  for (const i of golden.at('cases').keys()) {
    const one = golden.at('cases', i);
    const target = { box: one.at('box').takeNumbers() as [number, number, number, number], width, height };
    const pixels = decodeMask(pasteMask(mask, target));
    const sumOf = (value: (pixel: number) => number): number => pixels.reduce((sum, inside, pixel) => sum + inside * value(pixel), 0);
    one.at('area').equal(sumOf(() => 1));
    one.at('sumX').equal(sumOf((pixel) => pixel % width));
    one.at('sumY').equal(sumOf((pixel) => Math.floor(pixel / width)));
    const soft = stretchMask(mask, target);
    one.at('soft').tensor({ shape: [height, width], data: soft });
    one.at('minMargin').numbers([soft.reduce((least, value) => Math.min(least, Math.abs(value - 0.5)), 1)], 0.5);
  }
}

function resizing(golden: Golden): void {
  golden.at('resizeBilinearU8', 'opencv').takeText();
  for (const i of golden.at('resizeBilinearU8', 'cases').keys()) {
    const one = golden.at('resizeBilinearU8', 'cases', i);
    const [height, width] = one.at('fromHW').takeNumbers() as [number, number];
    const [toHeight, toWidth] = one.at('toHW').takeNumbers() as [number, number];
    const next = formulaStream('vec.resize');
    const data = Uint8Array.from({ length: height * width * 3 }, () => Math.floor((next() + 0.5) * 256));
    const resized = resize({ width, height, data }, toWidth, toHeight, 'opencv-bilinear').data;
    one.at('sha256').equal(createHash('sha256').update(resized).digest('hex'));
    one.at('sum').equal(resized.reduce((sum, byte) => sum + byte, 0));
    for (const index of one.at('samples').keys()) one.at('samples', index).equal(resized[Number(index)]);
  }
  for (const i of golden.at('rescaleSize').keys()) {
    const [width, height] = golden.at('rescaleSize', i, 'wh').takeNumbers() as [number, number];
    const size = mmdetSize({ width, height }, 896, 896);
    golden.at('rescaleSize', i, 'newWH').equal([size.width, size.height]);
  }
}
