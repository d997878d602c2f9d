import { type Backbone, openWeights } from '@vitamin-vlm/backbone';
import { type Tensor, toFloat32, VitaminError } from '@vitamin-vlm/core';
import type { SegmentSettings } from '../load/metadata.ts';
import { declaredHeads, openSegmenter, segmenterFile } from '../load/open-segmenter.ts';
import { type FcclipConfig, LEVELS } from '../models/config.ts';
import { type ReadSettings, tierStride, TOWER_STRIDE } from '../recipe/recipe.ts';
import type { FitSegmenterOptions } from './fit-options.ts';
import { initializeSegmenter } from './initialize.ts';

/** Widths of the feed-forward networks, in widths of the decoders. */
const FEED_FORWARD = { encoder: 4, decoder: 8 };

/** What a training starts from. */
export interface FitSegmenterStart {
  readonly config: FcclipConfig;
  readonly initial: ReadonlyMap<string, Tensor>;
  readonly read: ReadSettings;
  /** How the segmenter that it goes on from is asked. */
  readonly settings: Partial<SegmentSettings>;
  /** Which weights it goes on from. */
  readonly heads: string | null;
}

/** Sizes and values to start from: fresh ones, or those of another segmenter. */
export async function startOf(options: FitSegmenterOptions, backbone: Backbone): Promise<FitSegmenterStart> {
  const window = backbone.imageSize;
  if (options.from !== undefined) return await continued(options.from, options, window);
  const config = freshConfig(options, backbone);
  const read = { window, stride: options.stride ?? tierStride('exact', window) };
  return { config, initial: initializeSegmenter(config, options.seed ?? 0), read, settings: {}, heads: null };
}

/** Nothing of the heads depends on the classes: every tensor is taken over. */
async function continued(from: string, options: FitSegmenterOptions, imageSize: number): Promise<FitSegmenterStart> {
  const { tower, stride, signal } = options;
  const { config: found, settings, read, identity } = await openSegmenter(from, { tower, signal });
  const { canvas } = found;
  if (!canvas) throw notTrained(from);
  const config: FcclipConfig = { ...found, canvas };
  const sizes = { ...config, size: Math.max(canvas.width, canvas.height) };
  for (const name of ['width', 'heads', 'encoderLayers', 'decoderLayers', 'queries', 'size'] as const) {
    if (options[name] === undefined || options[name] === sizes[name]) continue;
    throw new VitaminError('USAGE', `Expected the ${name} ${sizes[name]} of ${from} but received ${options[name]}`, {
      hint: 'Leave it out: sizes are those of the segmenter that the training goes on from.',
    });
  }
  const initial = new Map<string, Tensor>();
  await using weights = await openWeights(segmenterFile(from), { signal });
  for (const path of declaredHeads(config).keys()) initial.set(path, toFloat32(await weights.read(path)));
  const window = read.window ?? imageSize;
  return {
    config,
    initial,
    read: { window, stride: stride ?? read.stride ?? tierStride('exact', window) },
    settings,
    heads: identity.heads,
  };
}

function freshConfig(options: FitSegmenterOptions, backbone: Backbone): FcclipConfig {
  const { width = 256, heads = 8, encoderLayers = 6, decoderLayers = 9, queries = 250 } = options;
  const { family, id, levels, embedDim } = backbone.model.tower;
  if (family !== 'vitamin') throw notTrained(id);
  const side = options.size ?? 4 * backbone.imageSize;
  // Both group norms and positions of two axes divide the channels, and four strides the canvas.
  if (width % 32 !== 0 || width % heads !== 0) {
    throw new VitaminError('USAGE', `Expected a width that is a multiple of 32 and of ${heads} heads but received ${width}`);
  }
  if (side % (2 * TOWER_STRIDE) !== 0 || side < backbone.imageSize) {
    throw new VitaminError('USAGE', `Expected a canvas of at least ${backbone.imageSize} pixels, a multiple of 32, but received ${side}`);
  }
  if (decoderLayers < LEVELS) {
    throw new VitaminError(
      'USAGE',
      `Expected at least ${LEVELS} layers of the mask decoder, one for each level, but received ${decoderLayers}`,
    );
  }
  if (embedDim === undefined) throw new VitaminError('UNSUPPORTED', `Expected a tower with a head but ${id} has none`);
  const [res2, res3, res4] = ['os4', 'os8', 'final'].map((name) => levels.find((level) => level.name === name)!.channels);
  return {
    channels: [res2!, res3!, res4!],
    width,
    heads,
    encoderLayers,
    encoderHidden: FEED_FORWARD.encoder * width,
    decoderLayers,
    decoderHidden: FEED_FORWARD.decoder * width,
    queries,
    embedDim,
    canvas: { width: side, height: side },
  };
}

function notTrained(what: string): VitaminError {
  return new VitaminError('UNSUPPORTED', `Expected a ViTamin to train a segmenter on but found ${what}`, {
    hint: 'Segmenters on ConvNeXt are read, not trained.',
  });
}
