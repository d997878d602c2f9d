import { type Annotation, type Dataset, evaluateSplit, type ImageInfo, ovCocoSplit, type Result } from 'coco-eval-js';
import { defaultReadSettings, Detector, type DetectOptions } from '@vitamin-vlm/fvit-detection';
import { kinds, renderScene, type Split } from '@vitamin-vlm/picture-world';

/** Which scenes, at which sizes. */
export interface DetectorEvaluationOptions {
  readonly split: Split;
  readonly firstSeed: number;
  readonly scenes: number;
  /** Sides of the scenes, in pixels; each is read at its own size, with windows in proportion. */
  readonly sizes: readonly number[];
  readonly detect?: DetectOptions;
  readonly signal?: AbortSignal | undefined;
}

/** Shares from 0 to 1: AP at an overlap of 0.5 by COCO's rules, mean over the kinds of a group; `AP` over all thresholds and kinds. */
export interface DetectorFigures {
  readonly base: number;
  readonly novel: number;
  readonly all: number;
  readonly AP: number;
}

/** Figures of a detector for each size. */
export async function evaluateDetector(
  detector: Detector,
  { split, firstSeed, scenes, sizes, detect, signal }: DetectorEvaluationOptions,
): Promise<Map<number, DetectorFigures>> {
  const figures = new Map<number, DetectorFigures>();
  for (const size of sizes) {
    const images: ImageInfo[] = [];
    const annotations: Annotation[] = [];
    const results: Result[] = [];
    for (let seed = firstSeed; seed < firstSeed + scenes; seed++) {
      const { picture, things } = renderScene(seed, { width: size, split });
      images.push({ id: seed, width: size, height: size });
      for (const { box, area, categoryId, crowd } of things) {
        const id = annotations.length + 1;
        annotations.push({ id, image_id: seed, category_id: categoryId, bbox: [...box], area, iscrowd: Number(crowd) });
      }
      const { detections } = await detector.detect(picture, undefined, { ...readAt(size, detector), signal, ...detect });
      for (const { class: index, score, box } of detections) {
        results.push({ image_id: seed, category_id: kinds[index]!.id, bbox: [...box], score });
      }
    }
    figures.set(size, figuresOf({ images, annotations, categories: kinds.map(({ id, name }) => ({ id, name })) }, results));
  }
  return figures;
}

/** Windows that see as much of a scene as those of the detector's own size do. */
function readAt(size: number, { model }: Detector): Pick<DetectOptions, 'size' | 'window' | 'stride'> {
  const { size: own, window, stride } = { ...defaultReadSettings(model.tower.tower, model.family), ...model.read };
  const scaled = (length: number): number => Math.round((length * size) / own);
  return { size, window: scaled(window), stride: scaled(stride) };
}

function figuresOf(dataset: Dataset, results: Result[]): DetectorFigures {
  const { groups, evaluation } = evaluateSplit(dataset, results, ovCocoSplit(dataset));
  const of = (name: string): number => groups.find(({ group }) => group === name)?.ap50 ?? Number.NaN;
  return { base: of('base'), novel: of('novel'), all: of('all'), AP: evaluation.metrics['AP'] ?? Number.NaN };
}
