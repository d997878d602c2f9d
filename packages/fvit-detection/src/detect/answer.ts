import { type Box, tensor, type Tensor, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { takeBoxes } from '../boxes/take-boxes.ts';
import type { DetectionEncoding } from '../encoding/detection-encoding.ts';
import { type DetectionVocabulary, synonymTable } from '../encoding/vocabulary.ts';
import type { OpenedDetector } from '../load/open-detector.ts';
import { pasteMask } from '../mask-paste.ts';
import { checkSettings } from './check-settings.ts';
import { type Choice, choose } from './choose.ts';
import type { Detection, Detections } from './detections.ts';
import type { Heads } from './heads.ts';
import type { DetectOptions, ScoreOptions } from './options.ts';
import { scaleFactors } from './prepare.ts';

/** What answers depend on beside the encoding and the words. */
type AskedModel = Pick<OpenedDetector, 'settings' | 'detectTemperature' | 'config' | 'address'>;

/** Asks an encoding: scores from its vectors and the words, suppression, and masks where they are wanted. Nothing of the picture is looked at again. */
export async function answer(
  encoding: Omit<DetectionEncoding, 'identity' | 'recipe'>,
  vocabulary: DetectionVocabulary,
  { model, heads }: { readonly model: AskedModel; readonly heads: Heads },
  options: DetectOptions,
): Promise<Detections> {
  const { width, height } = encoding.geometry;
  checkSettings({ ...model.settings, ...given(options) });
  if (encoding.proposals.shape[0] === 0) return { width, height, detections: [] };
  const scores = await scoreRegions(encoding, vocabulary, { model, heads }, options);
  const chosen = chooseDetections(encoding, vocabulary, scores, model, options);
  const boxes = takeBoxes(encoding.boxes.data, chosen.rois);
  const detections = [...chosen.rois.keys()].map((i): Detection => {
    const [left, top, right, bottom] = boxes.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
    const index = chosen.classes[i]!;
    const box: Box = [left, top, right - left, bottom - top];
    return { label: vocabulary.labels[index]!.name, class: index, score: chosen.scores[i]!, box };
  });
  if (!options.masks) return { width, height, detections };
  return { width, height, detections: await withMasks(detections, boxes, encoding, { model, heads }, options) };
}

/** Scores [R, K] of all regions for all columns: the labels, what is not wanted, the background. */
export async function scoreRegions(
  { classVectors, clipVectors }: Pick<DetectionEncoding, 'classVectors' | 'clipVectors'>,
  vocabulary: DetectionVocabulary,
  { model, heads }: { readonly model: AskedModel; readonly heads: Heads },
  options: ScoreOptions & WorkOptions,
): Promise<Tensor<'float32'>> {
  const { alpha, beta, vlmTemperature } = { ...model.settings, ...given(options) };
  const { detectTemperature = model.detectTemperature } = options;
  const synonyms = synonymTable(vocabulary);
  const columns = synonyms.shape[0]!;
  // The background is a word that was seen in training; so is what stands before it and is not wanted, whose weight matters to nobody.
  const weights = Float32Array.from({ length: columns }, (_, k) => (vocabulary.base[k] === false ? beta : alpha));
  return await heads.scores(
    {
      classVectors,
      clipVectors,
      embeddings: vocabulary.embeddings,
      synonyms,
      weights: tensor('float32', [columns], weights),
      detector: scalar(detectTemperature),
      clip: scalar(vlmTemperature),
    },
    options,
  );
}

function chooseDetections(
  { boxes }: Pick<DetectionEncoding, 'boxes'>,
  { labels }: DetectionVocabulary,
  scores: Tensor<'float32'>,
  { settings }: AskedModel,
  options: ScoreOptions,
): Choice {
  const { score, nms, max } = { ...settings, ...given(options) };
  if (typeof score !== 'number' && score.length !== labels.length) {
    throw new VitaminError('USAGE', `Expected one score for each of ${labels.length} labels but received ${score.length}`);
  }
  return choose(boxes.data, scores.data, scores.shape[1]!, labels.length, {
    score: typeof score === 'number' ? score : Float32Array.from(score),
    nms,
    max,
    classAgnostic: options.classAgnosticNms,
    shifted: options.shiftedNms,
  });
}

async function withMasks(
  detections: readonly Detection[],
  boxes: Float32Array,
  encoding: Pick<DetectionEncoding, 'geometry' | 'pyramid'>,
  { model, heads }: { readonly model: AskedModel; readonly heads: Heads },
  options: WorkOptions,
): Promise<Detection[]> {
  if (!model.config.masks) {
    throw new VitaminError('UNSUPPORTED', `Expected a detector with a mask head but ${model.address} has none`, {
      hint: 'Detectors of OV-LVIS have one, those of OV-COCO give boxes only.',
    });
  }
  if (!encoding.pyramid) {
    throw new VitaminError('USAGE', 'Expected an encoding with its feature pyramid but this one was made without', {
      hint: 'Encode the picture again with masks.',
    });
  }
  const { geometry } = encoding;
  const scale = scaleFactors(geometry);
  const rois = boxes.map((side, i) => side * (i % 2 === 0 ? scale.x : scale.y));
  const masks = await heads.masks(rois, encoding.pyramid, options);
  const cells = masks.data.length / Math.max(detections.length, 1);
  return detections.map((detection, i) => {
    const box = boxes.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
    const mask = pasteMask(masks.data.subarray(i * cells, (i + 1) * cells), {
      box: [...box],
      width: geometry.width,
      height: geometry.height,
    });
    return { ...detection, mask };
  });
}

function scalar(value: number): Tensor<'float32'> {
  return tensor('float32', [], new Float32Array([value]));
}

/** The options that were given: those that are undefined must not hide a default. */
function given<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
