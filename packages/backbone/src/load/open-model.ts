import { type Checkpoint, openCheckpoint } from '@vitamin-vlm/checkpoint';
import { type Tensor, type TensorRecord, throwIfAborted, toFloat32, VitaminError } from '@vitamin-vlm/core';
import type { Weights } from '@vitamin-vlm/graph';
import type { TextTowerConfig } from '../models/text-tower.ts';
import { checkWeights } from '../towers/graphs.ts';
import type { ImageTower } from '../towers/image-tower.ts';
import { POSITIONS, vitaminTower } from '../towers/vitamin-tower.ts';
import { type InferredConfig, inferConfig } from './config.ts';
import { weightIdentity } from './identity.ts';
import { nativeImageSize } from './image-size.ts';
import { recognizeLayout, type WeightLayout } from './layout.ts';
import { locate, type LocateOptions } from './locate.ts';
import type { PublishedModel } from './models.data.ts';
import { variantName } from './variant.ts';

/** The factor that CLIP's training is limited to, and where ViTamin's ends. */
const DEFAULT_LOGIT_SCALE = 100;

/** Stands in the trunk but belongs to the head: of no use without the projection. */
const HEAD_NORM = ['visual.trunk.fc_norm.weight', 'visual.trunk.fc_norm.bias'];

/** How to read a checkpoint. */
export interface OpenModelOptions extends LocateOptions {
  /** Where the model stands inside a larger one, e.g. `backbone.` or `backbone.clip_model.`. Default: found by itself. */
  readonly prefix?: string | undefined;
  /** `skip`: leave the position embedding out, as the released FC-CLIP code does. Default `add`. */
  readonly posEmbed?: 'add' | 'skip' | undefined;
}

/** A model whose weights were found, recognized and checked. Nothing of it runs yet; most of it still lies on the disk. */
export interface OpenedModel {
  readonly address: string;
  /** Weight files, shards in order of their names. */
  readonly files: readonly string[];
  /** The entry in the table of published models, when it was loaded by name or from its repository. */
  readonly published?: PublishedModel;
  readonly layout: WeightLayout;
  readonly config: InferredConfig;
  readonly tower: ImageTower;
  readonly text?: TextTowerConfig;
  /** Names in open_clip's custom text form. Tensors that are strided in the file were read, all others are places in it. */
  readonly weights: Weights;
  /** exp(logit_scale), the learned factor on cosines; 100 where the checkpoint has none. */
  readonly logitScale: number;
  /** `vitamin@` and a hash: equal for equal weights, whatever file they lie in. */
  readonly identity: string;
}

/**
 * Finds a model, recognizes its layout, infers its sizes, and compares every tensor with what the towers expect.
 *
 * @param address - `nano` (embedded), a published name such as `vitamin-large-336`, `hf:org/name[@revision][/file]`, a file, or a folder.
 * @throws VitaminError `MODEL_UNKNOWN`, `INPUT_NOT_FOUND`, `WEIGHTS_MISMATCH` listing every missing, mismatched and unused tensor, and what
 *   `openCheckpoint` and `resolveHubFile` throw.
 * @example
 * ```ts
 * import { openModel } from '@vitamin-vlm/backbone';
 * const { tower, text, layout, identity } = await openModel('ViTamin-L-336px/pytorch_model.bin');
 * console.log(tower.id, tower.imageSize, text?.width, layout.form, identity);
 * ```
 */
export async function openModel(address: string, options: OpenModelOptions = {}): Promise<OpenedModel> {
  const located = await locate(address, options);
  throwIfAborted(options.signal);
  await using checkpoint = await openCheckpoint(located.path);
  const layout = recognizeLayout(checkpoint.tensors.keys(), options.prefix);
  const weights = await collectWeights(checkpoint, layout);
  const logitScale = await readLogitScale(checkpoint, layout);
  const config = inferConfig(weights);
  const imageSize = await nativeImageSize(located, { address, file: checkpoint.files[0]! }, config.grid);
  const id = variantName(config, imageSize);
  const positions = options.posEmbed === 'skip' ? undefined : await readPositions(checkpoint, layout);
  const tower = vitaminTower({
    id,
    imageSize,
    config: config.image,
    head: config.head,
    weights,
    ...(positions ? { positions } : {}),
  });
  checkWeights(tower, weights, config.text, new Set([...(positions ? [] : [POSITIONS]), ...(config.head ? [] : HEAD_NORM)]));
  return {
    address,
    files: checkpoint.files,
    ...(located.published ? { published: located.published } : {}),
    layout,
    config,
    tower,
    ...(config.text ? { text: config.text } : {}),
    weights,
    logitScale,
    identity: `${tower.family}@${await weightIdentity(weights)}`,
  };
}

/** The tensors of the towers. Strided ones are read, because a graph can only point at contiguous bytes. */
async function collectWeights(checkpoint: Checkpoint, { names, form }: WeightLayout): Promise<Weights> {
  const weights = new Map<string, Tensor | TensorRecord>();
  for (const [name, stored] of names) {
    if (name === 'logit_scale') continue;
    if (form === 'timm' && name === 'visual.head.proj.bias') {
      await checkZeroBias(checkpoint, stored);
      continue;
    }
    const record = checkpoint.tensors.get(stored)!;
    weights.set(name, record.strides ? await checkpoint.read(stored) : record);
  }
  return weights;
}

/** timm's classifier has a bias, CLIP's projection has none: timm sets it to zero when it loads a CLIP checkpoint. */
async function checkZeroBias(checkpoint: Checkpoint, stored: string): Promise<void> {
  const { data } = toFloat32(await checkpoint.read(stored));
  const found = data.find((value) => value !== 0);
  if (found === undefined) return;
  throw new VitaminError('WEIGHTS_MISMATCH', `Expected ${stored} to be zero, as in a CLIP image tower, but found ${found}`, {
    hint: 'This is a classifier over fixed classes, not a CLIP model.',
  });
}

async function readLogitScale(checkpoint: Checkpoint, { names }: WeightLayout): Promise<number> {
  const stored = names.get('logit_scale');
  const record = stored === undefined ? undefined : checkpoint.tensors.get(stored);
  if (stored === undefined || !record) return DEFAULT_LOGIT_SCALE;
  if (record.shape.some((extent) => extent !== 1)) {
    throw new VitaminError('WEIGHTS_MISMATCH', `Expected ${stored} to be one number but found [${record.shape.join(', ')}]`);
  }
  return Math.exp(toFloat32(await checkpoint.read(stored)).data[0]!);
}

async function readPositions(checkpoint: Checkpoint, { names }: WeightLayout): Promise<Tensor<'float32'> | undefined> {
  const stored = names.get(POSITIONS);
  return stored === undefined ? undefined : toFloat32(await checkpoint.read(stored));
}
