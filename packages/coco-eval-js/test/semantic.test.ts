import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { decodePanopticPng } from '../src/node/png.ts';
import { addSemanticConfusion, countSemanticImage, semanticConfusion } from '../src/semantic/semantic-confusion.ts';
import { semanticMetrics } from '../src/semantic/semantic-metrics.ts';
import { dataPath, hasData, readJson, whyNot } from './shared.ts';

interface Panoptic {
  annotations: { image_id: number; file_name: string; segments_info: { id: number; category_id: number }[] }[];
}
interface Golden {
  classOrder: number[];
  mIoU: number;
  fwIoU: number;
  mACC: number;
  pACC: number;
  IoU: (number | null)[];
}

it.skipIf(!hasData).each(['a', 'b'])(`equals detectron2 on real maps: prediction %s${whyNot}`, (name) => {
  const goldens = readJson('golden/expected_panoptic_semseg.json') as Record<string, Golden & { gtFolders: string[] }>;
  const golden = goldens[`semseg_pred_${name}`]!;
  const folders = goldens[`pred_${name}`]!.gtFolders;
  const gt = readJson('golden/panoptic_gt.json') as Panoptic;
  const predicted = readJson(`golden/panoptic_pred/pred_${name}.json`) as Panoptic;
  const labels = (file: string, segments: { id: number; category_id: number }[], unlabeled: number): Uint8Array => {
    const classOf = new Map(segments.map(({ id, category_id: category }) => [id, golden.classOrder.indexOf(category)]));
    return Uint8Array.from(decodePanopticPng(readFileSync(file), file).ids, (id) => classOf.get(id) ?? unlabeled);
  };
  const confusion = semanticConfusion(golden.classOrder.length);
  for (const { image_id: image, file_name: file, segments_info: segments } of gt.annotations) {
    const path = folders.map((folder) => dataPath(`${folder}/${file}`)).find((candidate) => existsSync(candidate))!;
    const prediction = predicted.annotations.find(({ image_id: id }) => id === image)!;
    const predictedPath = dataPath(`golden/panoptic_pred/pred_${name}/${prediction.file_name}`);
    countSemanticImage(confusion, labels(predictedPath, prediction.segments_info, 0), labels(path, segments, 255));
  }
  const metrics = semanticMetrics(confusion);
  for (const key of ['mIoU', 'fwIoU', 'mACC', 'pACC'] as const) expect(metrics[key]).toBeCloseTo(golden[key] / 100, 12);
  metrics.iou.forEach((iou, index) => {
    const expected = golden.IoU[index]!;
    if (expected === null) expect(iou).toBeNull();
    else expect(iou).toBeCloseTo(expected, 12);
  });
});

it('leaves classes without ground truth out, even when they are predicted', () => {
  const confusion = semanticConfusion(3);
  countSemanticImage(confusion, Uint8Array.of(0, 0, 2, 1), Uint8Array.of(0, 0, 0, 255));
  expect(semanticMetrics(confusion)).toEqual({
    mIoU: 2 / 3,
    fwIoU: 2 / 3,
    mACC: 2 / 3,
    pACC: 2 / 3,
    iou: [2 / 3, null, null],
    accuracy: [2 / 3, null, null],
  });
});

it('has no mean without ground truth', () => {
  const confusion = semanticConfusion(2);
  countSemanticImage(confusion, Uint8Array.of(0, 1), Uint8Array.of(255, 255));
  expect(semanticMetrics(confusion)).toEqual({
    mIoU: null,
    fwIoU: null,
    mACC: null,
    pACC: null,
    iou: [null, null],
    accuracy: [null, null],
  });
});

it('sums images in any grouping', () => {
  const [one, two, total] = [semanticConfusion(2), semanticConfusion(2), semanticConfusion(2)];
  countSemanticImage(one, Uint8Array.of(0, 1), Uint8Array.of(0, 0));
  countSemanticImage(two, Uint8Array.of(1, 1), Uint8Array.of(1, 0));
  countSemanticImage(total, Uint8Array.of(0, 1, 1, 1), Uint8Array.of(0, 0, 1, 0));
  addSemanticConfusion(one, two);
  expect(one).toEqual(total);
  expect(() => addSemanticConfusion(one, semanticConfusion(3))).toThrow('2 classes but received 3');
});

it('refuses labels it cannot place and leaves the counts alone', () => {
  const confusion = semanticConfusion(2);
  const count = (prediction: Uint8Array, gt: Uint8Array) => () => countSemanticImage(confusion, prediction, gt);
  expect(count(Uint8Array.of(0, 2), Uint8Array.of(0, 0))).toThrow('pixel 1 is 2');
  expect(count(Uint8Array.of(0, 255), Uint8Array.of(0, 0))).toThrow('prediction');
  expect(count(Uint8Array.of(0, 0), Uint8Array.of(0, 7))).toThrow('ground truth');
  expect(count(Uint8Array.of(0), Uint8Array.of(0, 0))).toThrow('2 pixels but received 1');
  expect(confusion).toEqual(semanticConfusion(2));
  expect(() => semanticConfusion(0)).toThrow('1 to 4096');
  expect(() => countSemanticImage(semanticConfusion(300), new Uint16Array(1), new Uint16Array(1))).toThrow('ignoreLabel for 300 classes');
});

it('counts pixels without an answer as wrong, for no class', () => {
  const confusion = semanticConfusion(2);
  countSemanticImage(confusion, Uint8Array.of(0, 9, 9, 1), Uint8Array.of(0, 0, 255, 1), { noAnswer: 9 });
  const { iou, accuracy, pACC } = semanticMetrics(confusion);
  expect([iou, accuracy, pACC]).toEqual([[0.5, 1], [0.5, 1], 2 / 3]);
});
