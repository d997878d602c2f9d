import { type Tensor, throwIfAborted, toFloat32, VitaminError } from '@vitamin-vlm/core';
import type { Weights } from '@vitamin-vlm/graph';
import type { TextTowerConfig } from '../models/text-tower.ts';
import { declaredTensors } from '../towers/graphs.ts';
import type { ImageTower } from '../towers/image-tower.ts';
import { POSITIONS, vitaminTower } from '../towers/vitamin-tower.ts';
import { type InferredConfig, inferConfig } from './config.ts';
import { type Identity, identify, isText, isTower } from './identity.ts';
import { nativeImageSize } from './image-size.ts';
import { type Int8Weights, int8Weights } from './int8-weights.ts';
import { recognizeLayout, type WeightLayout } from './layout.ts';
import type { PublishedModel } from './models.data.ts';
import type { Recipe } from './recipe.ts';
import { variantName } from './variant.ts';
import { openWeights, type OpenWeights, type OpenWeightsOptions, type WeightAddresses } from './weights/open-weights.ts';

/** The factor that CLIP's training is limited to, and where ViTamin's ends. */
const DEFAULT_LOGIT_SCALE = 100;

/** The tensor by which a ViTamin is known, under open_clip's name. */
const STEM = 'visual.trunk.patch_embed.backbone.stem.conv1.weight';
const HEAD_BIAS = 'visual.head.proj.bias';

/** Stands in the trunk but belongs to the head: of no use without the projection. */
const HEAD_NORM = ['visual.trunk.fc_norm.weight', 'visual.trunk.fc_norm.bias'];

/** How to find the towers inside weights. */
export interface ReadModelOptions {
  /** Where the model stands inside a larger one, e.g. `backbone.` or `backbone.clip_model.`. Default: found by itself. */
  readonly prefix?: string | undefined;
  /** `skip`: leave the position embedding out, as the released FC-CLIP code does. Default `add`. */
  readonly posEmbed?: 'add' | 'skip' | undefined;
  /**
   * `int8`: the matrices of both towers are rounded row by row, what they multiply anew in every run, and the products are taken in integers.
   * Convolutions, norms, attention and the projections into the joint space stay in float32. Default `float32`.
   */
  readonly precision?: Recipe['precision'] | undefined;
}

/** How to read a checkpoint. */
export interface OpenModelOptions extends OpenWeightsOptions, ReadModelOptions {}

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
  /** The matrices that are multiplied in 8 bits, with the precision `int8`. */
  readonly int8?: Int8Weights;
  /** exp(logit_scale), the learned factor on cosines; 100 where the checkpoint has none. */
  readonly logitScale: number;
  /** A digest of all bytes of each tower and of the head, whatever file they lie in. */
  readonly identity: Identity;
  /** What the model itself lays down of a recipe. */
  readonly recipe: Pick<Recipe, 'normalization' | 'posEmbed' | 'precision'>;
}

/**
 * Finds a model, recognizes its layout, infers its sizes, and compares every tensor with what the towers expect. All bytes of the towers are
 * read once for their identity, which is remembered.
 *
 * @param addresses - `nano` (embedded), a published name such as `vitamin-large-336`, `hf:org/name[@revision][/file]`, a file, or a folder;
 *   or several of them by prefix, as `openWeights` takes them.
 * @throws VitaminError `MODEL_UNKNOWN`, `INPUT_NOT_FOUND`, `WEIGHTS_MISMATCH` listing every missing, mismatched and unused tensor and those
 *   that hold NaN or infinities, and what `openCheckpoint` and `resolveHubFile` throw.
 * @example
 * ```ts
 * import { openModel } from '@vitamin-vlm/backbone';
 * const { tower, text, layout, identity } = await openModel('ViTamin-L-336px/pytorch_model.bin');
 * console.log(tower.id, tower.imageSize, text?.width, layout.form, identity.tower);
 * ```
 */
export async function openModel(addresses: WeightAddresses, options: OpenModelOptions = {}): Promise<OpenedModel> {
  await using weights = await openWeights(addresses, options);
  throwIfAborted(options.signal);
  const model = await readModel(weights, options);
  const ignored = new Set(model.layout.ignored);
  weights.check({ unusedAllowed: (name) => ignored.has(name) });
  return model;
}

/**
 * Takes the towers out of open weights. What does not fit is told by `weights.check()`, together with the parts that a framework takes after
 * this; run nothing before.
 *
 * @throws VitaminError `MODEL_UNKNOWN` when no tower is inside, `USAGE` when several are and no prefix says which, `WEIGHTS_MISMATCH` when a
 *   tensor that tells a size does not.
 * @example
 * ```ts
 * import { Backbone, openWeights, readModel } from '@vitamin-vlm/backbone';
 * await using weights = await openWeights({ '': 'fvit.pth', 'backbone.': 'vitamin-large-336' });
 * const model = await readModel(weights, { prefix: 'backbone.' });
 * const heads = await weights.part(''); // everything else
 * heads.expect(new Map([['neck.fpn_convs.0.conv.weight', [256, 256, 3, 3]]]));
 * weights.check();
 * await using backbone = Backbone.from(model);
 * ```
 */
export async function readModel(weights: OpenWeights, options: ReadModelOptions = {}): Promise<OpenedModel> {
  const layout = recognizeLayout(weights.tensors.keys(), options.prefix);
  const logitScale = await readLogitScale(weights, layout);
  const { address, located, checkpoint } = weights.sourceOf(layout.names.get(STEM)!);
  if (layout.form === 'timm') await checkZeroBias(weights, layout);
  const part = await weights.take(layout.names, layout.prefix);
  const config = inferConfig(part.weights);
  const imageSize = await nativeImageSize(located, { address, file: checkpoint.files[0]! }, config.grid);
  const skipped = options.posEmbed === 'skip';
  const positions = skipped ? undefined : await readPositions(weights, layout);
  const tower = vitaminTower({
    id: variantName(config, imageSize),
    imageSize,
    config: config.image,
    head: config.head,
    weights: part.weights,
    ...(positions ? { positions } : {}),
  });
  const { declared, matrices } = declaredTensors(tower, config.text);
  part.expect(declared);
  part.allow([
    'logit_scale',
    ...(layout.form === 'timm' ? [HEAD_BIAS] : []),
    ...(skipped ? [POSITIONS] : []),
    ...(config.head ? [] : HEAD_NORM),
  ]);
  const identity = await identify(part);
  const { precision = 'float32' } = options;
  // What does not fit is told by `weights.check()`.
  const int8 =
    precision === 'int8' && part.problems.length === 0
      ? await roundTowers([...matrices], identity, weights, (path) => weights.read(layout.names.get(path)!))
      : undefined;
  return {
    address,
    files: weights.files,
    ...(located.published ? { published: located.published } : {}),
    layout,
    config,
    tower,
    ...(config.text ? { text: config.text } : {}),
    weights: part.weights,
    logitScale,
    ...(int8 ? { int8 } : {}),
    identity,
    recipe: {
      normalization: tower.normalization,
      posEmbed: skipped && config.grid !== undefined ? 'skip' : 'add',
      precision,
    },
  };
}

/** The matrices of both towers in 8 bits. The head has few, and what it gives is compared: it stays as it is. */
async function roundTowers(
  matrices: readonly string[],
  { tower, text }: Identity,
  { options }: OpenWeights,
  read: (path: string) => Promise<Tensor>,
): Promise<Int8Weights> {
  const image = await int8Weights({ digest: tower, matrices: matrices.filter(isTower), read }, options);
  const words = text === undefined ? [] : await int8Weights({ digest: text, matrices: matrices.filter(isText), read }, options);
  return new Map([...image, ...words]);
}

/** timm's classifier has a bias, CLIP's projection has none: timm sets it to zero when it loads a CLIP checkpoint. */
async function checkZeroBias(weights: OpenWeights, { names }: WeightLayout): Promise<void> {
  const stored = names.get(HEAD_BIAS);
  if (stored === undefined) return;
  const { data } = toFloat32(await weights.read(stored));
  const found = data.find((value) => value !== 0);
  if (found === undefined) return;
  throw new VitaminError('WEIGHTS_MISMATCH', `Expected ${stored} to be zero, as in a CLIP image tower, but found ${found}`, {
    hint: 'This is a classifier over fixed classes, not a CLIP model.',
  });
}

async function readLogitScale(weights: OpenWeights, { names }: WeightLayout): Promise<number> {
  const stored = names.get('logit_scale');
  const record = stored === undefined ? undefined : weights.tensors.get(stored);
  if (stored === undefined || !record) return DEFAULT_LOGIT_SCALE;
  if (record.shape.some((extent) => extent !== 1)) {
    throw new VitaminError('WEIGHTS_MISMATCH', `Expected ${stored} to be one number but found [${record.shape.join(', ')}]`);
  }
  const [scale = Number.NaN] = toFloat32(await weights.read(stored)).data;
  if (Number.isFinite(Math.exp(scale))) return Math.exp(scale);
  throw new VitaminError('WEIGHTS_MISMATCH', `Expected ${stored} to be the logarithm of a scale but found ${scale}`);
}

async function readPositions(weights: OpenWeights, { names }: WeightLayout): Promise<Tensor<'float32'> | undefined> {
  const stored = names.get(POSITIONS);
  return stored === undefined ? undefined : toFloat32(await weights.read(stored));
}
