import { VitaminError } from '@vitamin-vlm/core';
import {
  classVocabulary,
  type DetectionData,
  type Detections,
  type Detector,
  defaultReadSettings,
  findDataSet,
  findPicture,
  openDetectionData,
  pictureName,
} from '@vitamin-vlm/fvit-detection';
import { toRleObject } from 'coco-eval-js';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Context } from '../command.ts';
import { detectOptions } from '../detector.ts';
import type { choiceFlags, detectorFlags, modelFlags, wordFlags } from '../flags.ts';
import { readPrompts } from '../words.ts';
import type { dataFlags } from './data-flags.ts';
import type { Evaluation } from './evaluation.ts';
import { fileDigest } from './file-digest.ts';
import type { runFlags } from './run-flags.ts';
import { detectionScorer, type DetectionDataSettings, type PictureResult } from './score-detections.ts';

type EvaluationContext = Context<
  typeof dataFlags &
    typeof modelFlags &
    typeof detectorFlags &
    typeof choiceFlags &
    typeof runFlags & { readonly templates: (typeof wordFlags)['templates'] }
>;

/** Where the data set lies, in absolute paths. @throws VitaminError `INPUT_NOT_FOUND`; `USAGE` without --images. */
export async function findPlaces({ flags }: Pick<EvaluationContext, 'flags'>): Promise<{ annotations: string; images: string }> {
  const { root, annotations, images, split } = flags;
  if (root !== undefined) {
    const found = await findDataSet(root, { lvis: split === 'ov-lvis' });
    return { annotations: resolve(found.annotations), images: resolve(found.images) };
  }
  if (images === undefined) throw new VitaminError('USAGE', 'Expected --images DIR beside --annotations but received none');
  if (!(await stat(images).catch(() => undefined))?.isDirectory()) {
    throw new VitaminError('INPUT_NOT_FOUND', `Expected a folder of pictures at --images ${images} but found none`);
  }
  return { annotations: resolve(annotations!), images: resolve(images) };
}

/**
 * A detector on the pictures of a data set.
 *
 * @throws VitaminError as `openDetectionData` and `Detector.vocabulary`; `INPUT_UNREADABLE` for a data set without images that count.
 */
export async function detectionEvaluation(
  context: EvaluationContext,
  detector: Detector,
  places: { readonly annotations: string; readonly images: string },
): Promise<Evaluation<PictureResult>> {
  const { flags, progress, signal } = context;
  const { split: wanted, iouType, limit, templates, cacheDir } = flags;
  const { model } = detector;
  const lvisIouType = iouType ?? (model.config.masks ? 'segm' : 'bbox');
  const data = await openDetectionData(places.annotations, { split: wanted, iouType, lvisIouType, limit, signal });
  const { annotations, images, categories } = data;
  if (images.length === 0) {
    throw new VitaminError('INPUT_UNREADABLE', `Expected images with annotations in ${places.annotations} but found none`);
  }
  const names = categories.map(({ id, name }) => (typeof name === 'string' ? name : String(id)));
  const words = { prompts: await readPrompts(templates), base: baseNames(data, names), cacheDir, signal };
  const {
    vocabulary,
    places: classes,
    isTrained,
  } = await classVocabulary(detector, names, {
    ...words,
    onProgress: progress.reporter('words'),
  });
  const options = { ...given(detectOptions(context)), masks: annotations.options.iouType === 'segm' };
  return {
    task: 'detect',
    items: images.map(pictureName),
    settings: {
      data: await dataSettings(data, places.annotations),
      model: { identity: model.identity, family: model.family, ...model.tower.recipe },
      reading: {
        ...defaultReadSettings(model.tower.tower, model.family),
        ...model.read,
        ...given(pick(flags, ['size', 'window', 'stride'])),
      },
      choice: {
        ...model.settings,
        detectTemperature: model.detectTemperature,
        ...given(pick(flags, ['score', 'nms', 'max', 'alpha', 'beta', 'vlmTemperature'])),
      },
      words: {
        from: isTrained ? 'the detector' : templates,
        base: vocabulary.labels.filter((_, i) => vocabulary.base[i]).map(({ name }) => name),
      },
      device: flags.device ?? 'cpu',
    },
    ...detectionScorer(data, places, signal),
    work: async (index, stop) => {
      const picture = await findPicture(places.images, images[index]!);
      const found = await detector.detect(picture, vocabulary, { ...options, signal: stop });
      return pictureResult(found, (place) => categories[classes[place]!]!.id);
    },
  };
}

/** Names of the group "base" of a split; without one the detector knows which classes it has seen. */
function baseNames({ split, categories }: DetectionData, names: readonly string[]): string[] | undefined {
  const base = split?.groups['base'];
  if (!base) return undefined;
  const ids = new Set(base);
  return names.filter((_, i) => ids.has(categories[i]!.id));
}

async function dataSettings({ annotations, images, split }: DetectionData, path: string): Promise<DetectionDataSettings> {
  const iouType = annotations.options.iouType as 'bbox' | 'segm';
  return { annotations: { sha256: await fileDigest(path) }, images: images.length, split: split ?? null, iouType };
}

function pictureResult({ width, height, detections }: Detections, categoryOf: (place: number) => number): PictureResult {
  return {
    width,
    height,
    found: detections.map(({ class: place, score, box, mask }) => {
      const entry = [categoryOf(place), score, ...box] as const;
      return mask ? ([...entry, toRleObject(mask).counts] as const) : entry;
    }),
  };
}

function pick<T, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>;
}

function given<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
