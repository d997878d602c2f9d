import { join } from 'node:path';
import type { LazyTensor } from '@vitamin-vlm/checkpoint';
import { openSegmenter, saveSegmenter } from '@vitamin-vlm/fcclip-segmentation';
import { CLIP_NORMALIZATION_255 } from '@vitamin-vlm/image';
import type { GoldenChecker } from '../golden/checker.ts';
import { listedShapes, partOf } from '../golden/tensor-list.ts';
import { fcclipTensor } from './weights.ts';

const CLIP = 'backbone.';
const BUFFER = 'criterion.empty_weight';
const COCO_CLASSES = 133;

/**
 * The list of tensors of FC-CLIP's published file for ConvNeXt-L: written with weights made by formula and loaded strictly; and what follows from it alone is compared with what
 * its configuration says.
 */
export const fcclipConvNeXtCheckpoint: GoldenChecker = async (golden, { folder, signal }) => {
  const shapes = listedShapes(golden.at('tensors'));
  const clip = partOf(shapes, (name) => name.startsWith(CLIP));
  const others = partOf(shapes, (name) => !name.startsWith(CLIP) && name !== BUFFER);
  golden.at('backboneTensors').equal(clip.tensors);
  golden.at('backboneValues').equal(clip.values);
  golden.at('visualValues').equal(partOf(shapes, (name) => name.startsWith(`${CLIP}clip_model.visual.`)).values);
  golden.at('otherTensors').equal(others.tensors);
  golden.at('otherValues').equal(others.values);
  golden.at('keys').equal(shapes.size);
  golden.at('buffers').equal([...shapes.keys()].filter((name) => name === BUFFER));
  const path = join(folder, 'fcclip_cocopan.pth');
  const tensors = [...shapes].map(([name, shape]): [string, LazyTensor] => [
    name,
    { dtype: 'float32', shape, data: () => fcclipTensor(name, shape, { seedSuffix: '' }).data },
  ]);
  await saveSegmenter(path, tensors, {}, { signal });
  const { config, settings, classes, tower } = await openSegmenter(path, { cacheDir: false, signal });
  golden.at('config').take();
  const { mean, std } = CLIP_NORMALIZATION_255;
  const found: Readonly<Record<string, unknown>> = {
    FORMAT: 'RGB',
    PIXEL_MEAN: mean,
    PIXEL_STD: std,
    DETECTIONS_PER_IMAGE: settings.max,
    ALPHA: settings.alpha,
    BETA: settings.beta,
    OBJECT_MASK_THRESHOLD: settings.score,
    OVERLAP_THRESHOLD: settings.overlap,
    QUERIES: config.queries,
    DEC_LAYERS: config.decoderLayers + 1, // the original counts the prediction before the first layer
    ENC_LAYERS: config.encoderLayers,
    NHEADS: config.heads,
    ENSEMBLE_ON_VALID_MASK: false,
  };
  const own = golden.at('settings');
  for (const name of own.keys()) {
    if (name in found) own.at(name).equal(found[name]);
    else own.at(name).take(); // sizes, which `fcclip-convnext-nano` compares
  }
  if (classes.length !== COCO_CLASSES || !tower.tower.id.startsWith('convnext-large-'))
    golden.fail(`${classes.length} classes on ${tower.tower.id}`);
};
