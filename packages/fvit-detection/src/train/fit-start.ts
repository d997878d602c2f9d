import { type Backbone, openWeights } from '@vitamin-vlm/backbone';
import { type Tensor, toFloat32, VitaminError } from '@vitamin-vlm/core';
import type { Family } from '../load/families.ts';
import { declaredHeads, openDetector } from '../load/open-detector.ts';
import type { FVitConfig } from '../models/config.ts';
import { detectorLevels, TOWER_MAPS } from '../models/tower-levels.ts';
import { defaultReadSettings, type ReadSettings } from '../recipe/recipe.ts';
import type { FitOptions } from './fit-options.ts';
import { initializeHeads } from './initialize.ts';

/** What a training starts from. */
export interface FitStart {
  readonly config: FVitConfig;
  readonly family: Family;
  readonly initial: ReadonlyMap<string, Tensor>;
  readonly read: ReadSettings;
}

/** Sizes and values to start from: fresh ones, or those of another detector. */
export async function startOf(options: FitOptions, classes: number, backbone: Backbone, embeddings: Tensor<'float32'>): Promise<FitStart> {
  const { from, size } = options;
  const start = from === undefined ? fresh(options, classes, backbone, embeddings) : await continued(from, options, classes, embeddings);
  const read = { ...defaultReadSettings(backbone.model.tower, start.family), ...start.read };
  return { ...start, read: size === undefined ? read : { ...read, size } };
}

type Start = Omit<FitStart, 'read'> & { readonly read: Partial<ReadSettings> };

function fresh(
  { split, family: asked, width = 256, seed = 0 }: FitOptions,
  classes: number,
  backbone: Backbone,
  embeddings: Tensor<'float32'>,
): Start {
  const family = asked ?? (split === 'ov-lvis' ? 'ov-lvis' : 'ov-coco');
  const { levels, stride, ...tower } = backbone.model.tower;
  const names = detectorLevels({ ...tower, levels });
  const channels = names.map((name) => levels.find((level) => level.name === name)?.channels ?? 0);
  const embedDim = embeddings.shape[0]!;
  const masks = family === 'ov-lvis';
  const config: FVitConfig = {
    channels: channels as unknown as FVitConfig['channels'],
    width,
    hidden: embedDim,
    embedDim,
    classes,
    rpnNorm: masks,
    masks,
    ...(names[0] === TOWER_MAPS[0] ? {} : { patch: stride }),
  };
  return { config, family, initial: initializeHeads(config, embeddings, seed), read: {} };
}

async function continued(
  from: string,
  { tower, width, family, seed = 0, signal }: FitOptions,
  classes: number,
  embeddings: Tensor<'float32'>,
): Promise<Start> {
  const opened = await openDetector(from, { tower, signal });
  for (const [name, is, asked] of [
    ['width', opened.config.width, width],
    ['family', opened.family, family],
  ] as const) {
    if (asked !== undefined && asked !== is) throw new VitaminError('USAGE', `Expected the ${name} ${is} of ${from} but received ${asked}`);
  }
  const config = { ...opened.config, classes };
  const initial: Map<string, Tensor> = initializeHeads(config, embeddings, seed);
  await using weights = await openWeights(from, { signal });
  for (const [path, shape] of declaredHeads(config)) {
    const found = weights.tensors.get(path);
    // What depends on the number of classes is made anew.
    if (!path.endsWith('all_embeddings') && found?.shape.join() === shape.join()) initial.set(path, toFloat32(await weights.read(path)));
  }
  return { config, family: opened.family, initial, read: opened.read };
}
