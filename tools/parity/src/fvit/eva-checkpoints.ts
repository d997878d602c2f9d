import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type LazyTensor } from '@vitamin-vlm/checkpoint';
import { tensor } from '@vitamin-vlm/core';
import {
  defaultReadSettings,
  detectorLevels,
  detectorNormalization,
  openDetector,
  type OpenedDetector,
  pyramidStrides,
  saveDetector,
} from '@vitamin-vlm/fvit-detection';
import type { GoldenChecker, GoldenContext } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import { listedShapes, partOf } from '../golden/tensor-list.ts';
import { fvitTensor, type FVitFormula } from './weights.ts';

const FORMULA: FVitFormula = { seedSuffix: '', overrides: {}, detectTemperature: 50 };
const TOWER = 'backbone.visual.';
/** Tables of angles, which the tower computes itself. */
const ROPE = /\.rope\./u;
/** What is no parameter: statistics of batch norms, and the words of the training. */
const BUFFER = /\.(?:running_mean|running_var|num_batches_tracked|all_embeddings)$/u;

/**
 * The lists of tensors behind CLIPSelf's eight published detectors: each is written with weights made by formula and loaded strictly, and what follows from it alone, without any
 * configuration, is compared with what its configuration says.
 */
export const fvitEvaCheckpoints: GoldenChecker = async (golden, context) => {
  const opened = new Map<string, OpenedDetector>();
  for (const key of golden.keys().filter((name) => /^(?:coco|lvis)_/u.test(name))) {
    opened.set(key, await compareArchitecture(golden.at(key), key, context));
  }
  const checkpoints = golden.at('publishedCheckpoints');
  const configs = golden.at('publishedConfigs');
  const used = new Set<string>();
  for (const i of checkpoints.keys()) {
    const own = checkpoints.at(i);
    const config = own.at('config').take() as string;
    own.at('file').take();
    own.at('reported').take();
    used.add(config);
    compareConfig(configs.at(config), opened.get(own.at('architecture').takeText())!);
  }
  // Towers before CLIPSelf's training and other data sets: no detector of these is published.
  for (const name of configs.keys().filter((one) => !used.has(one))) configs.at(name).take();
};

async function compareArchitecture(golden: Golden, key: string, { folder, signal }: GoldenContext): Promise<OpenedDetector> {
  const shapes = listedShapes(golden.at('tensors'));
  golden.at('keys').equal(shapes.size);
  const frozen = partOf(shapes, (name) => name.startsWith(TOWER) && !ROPE.test(name));
  const trained = partOf(shapes, (name) => !name.startsWith(TOWER) && !BUFFER.test(name));
  golden.at('ropeBufferKeys').equal(partOf(shapes, (name) => ROPE.test(name)).tensors);
  golden.at('frozenTensors').equal(frozen.tensors);
  golden.at('frozenValues').equal(frozen.values);
  golden.at('trainableTensors').equal(trained.tensors);
  golden.at('trainableValues').equal(trained.values);
  golden.at('otherBuffers').equal(partOf(shapes, (name) => BUFFER.test(name)).tensors);
  const path = join(folder, `${key}.pth`);
  const tensors = [...shapes].map(([name, shape]): [string, LazyTensor] => {
    const dtype = name.endsWith('.num_batches_tracked') ? ('int64' as const) : ('float32' as const);
    return [name, { dtype, shape, data: () => (ROPE.test(name) ? tensor('float32', shape) : fvitTensor(name, shape, FORMULA)).data }];
  });
  const [, columns = 0] = shapes.get('roi_head.bbox_head.all_embeddings') ?? [];
  await saveDetector(path, tensors, { classes: Array.from({ length: columns - 1 }, (_, i) => `class ${i}`) }, { signal });
  const detector = await openDetector(path, { cacheDir: false, signal });
  await rm(path);
  const { config } = detector.tower;
  golden.at('blocks').equal(config.family === 'eva02' ? config.image.layers : 0);
  const size = detector.tower.tower.imageSize;
  golden.at('architecture').equal(detector.config.patch === 14 ? `EVA02-CLIP-L-14-${size}` : `EVA02-CLIP-B-${detector.config.patch}`);
  golden.at('config').take();
  return detector;
}

/** What a configuration of the original says of running the detector. */
function compareConfig(golden: Golden, { config, family, settings, tower }: OpenedDetector): void {
  const read = defaultReadSettings(tower.tower, family);
  const patch = config.patch!;
  const depth = tower.tower.levels.filter(({ name }) => name.startsWith('blocks.')).length;
  const { mean, std } = detectorNormalization(config);
  const strides = [...pyramidStrides(patch)];
  const found: Readonly<Record<string, unknown>> = {
    detector: 'FViT',
    backbone: 'EvaCLIPViT',
    model_name: patch === 14 ? 'EVA02-CLIP-L-14-336' : 'EVA02-CLIP-B-16',
    outIndices: detectorLevels(tower.tower).map((name) => (name === 'valueOnly' ? depth - 1 : Number(name.replace('blocks.', '')))),
    fpnIn: config.channels,
    anchorStrides: strides,
    roiStrides: strides.slice(0, 4),
    vlmStride: tower.tower.stride,
    vlmChannels: config.embedDim,
    rpnNorm: config.rpnNorm ? 'MMSyncBN' : null,
    rpnHead: config.rpnNorm ? 'CustomRPNHead' : 'RPNHead',
    numClasses: config.classes,
    fcOut: config.hidden,
    vlm_temperature: settings.vlmTemperature,
    alpha: settings.alpha,
    beta: settings.beta,
    mask: config.masks,
    scoreThr: settings.score,
    nms: settings.nms,
    maxPerImg: settings.max,
    rpnPre: read.proposalsPerLevel,
    rpnPost: read.proposals,
    rpnNms: read.proposalNms,
    testScale: [read.size, read.size],
    mean,
    std,
  };
  for (const name of golden.keys()) {
    if (name in found) golden.at(name).equal(found[name]);
    else golden.at(name).take(); // of the training, or the name of a file
  }
}
