import type { EvalParamsInput } from '../src/coco/params.ts';
import type { Annotation, Category, Dataset, ImageInfo, IouType, Result } from '../src/coco/types.ts';
import { random } from './shared.ts';

function shape(box: number[]): Partial<Annotation> {
  const [x, y, w, h] = box as [number, number, number, number];
  return { bbox: box, segmentation: [[x, y, x + w, y + h / 3, x + w, y + h, x, y + h]] };
}

/** A small data set with what makes evaluation hard: crowds, ties, duplicates, false classes, all sizes. The same seed gives the same data. */
export function synthetic(seed: number, iouType: IouType, images = 12): { dataset: Dataset; results: Result[] } {
  const r = random(seed);
  const whole = (low: number, high: number): number => low + Math.floor(r() * (high - low + 1));
  const categories: Category[] = [1, 2, 3, 5].map((id, i) => ({ id, name: `c${id}`, frequency: 'rcff'[i]! }));
  const infos: ImageInfo[] = Array.from({ length: images }, (_, i) => ({
    id: 10 + 3 * i,
    width: 200,
    height: 150,
    light: i % 3 === 0 ? 'night' : 'day',
    neg_category_ids: [1, 2, 3, 5].filter(() => r() < 0.4),
    not_exhaustive_category_ids: [1, 2].filter(() => r() < 0.2),
  }));
  const annotations: Annotation[] = [];
  const results: Result[] = [];
  for (const { id: image_id } of infos) {
    for (let n = whole(0, 7); n > 0; n--) {
      const box = [whole(0, 120), whole(0, 90), whole(4, 80), whole(4, 60)];
      const category_id = categories[whole(0, 3)]!.id;
      const iscrowd = r() < 0.1 ? 1 : 0;
      const keypoints = Array.from({ length: 51 }, (_, i) => (i % 3 === 2 ? whole(0, 2) : whole(0, 100)));
      annotations.push({ id: annotations.length + 1, image_id, category_id, area: box[2]! * box[3]!, iscrowd, keypoints, ...shape(box) });
      for (let d = whole(0, 3); d > 0; d--) {
        const near = box.map((v) => Math.max(1, v + whole(-6, 6)));
        const score = Math.round(r() * 20) / 20;
        const category = r() < 0.85 ? category_id : categories[whole(0, 3)]!.id;
        const found = { image_id, category_id: category, score };
        const points = keypoints.map((v, i) => (i % 3 === 2 ? 1 : v + whole(-5, 5)));
        results.push(iouType === 'keypoints' ? { ...found, keypoints: points } : { ...found, bbox: near });
      }
    }
  }
  return { dataset: { images: infos, annotations, categories }, results };
}

function list(n: number, value: () => number): number[] {
  return Array.from({ length: n }, value);
}

/** Parameters nobody would choose: what they share with the usual ones is only the rules. */
export function oddParameters(seed: number): EvalParamsInput {
  const r = random(seed);
  const iouThrs = list(1 + Math.floor(r() * 40), () => Math.round(r() * 24) / 24);
  const recThrs = list(1 + Math.floor(r() * 12), () => Math.round(r() * 22 - 1) / 20);
  const maxDets = list(1 + Math.floor(r() * 4), () => Math.floor(r() * 6));
  const areaRng = list(1 + Math.floor(r() * 4), () => r() * 2000).map((low): [number, number] => [low, low + r() * 3000]);
  const given: EvalParamsInput = { iouThrs, recThrs, maxDets, areaRng, useCats: r() < 0.7 };
  // Some stay as they are by default.
  return Object.fromEntries(Object.entries(given).filter(() => r() < 0.6));
}
