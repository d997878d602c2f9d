import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Tensor, tensor, throwIfAborted, toFloat32, VitaminError } from '@vitamin-vlm/core';
import type { Weights } from '@vitamin-vlm/graph';
import type { TowerPlan } from '../families/family.ts';
import { familyOf, recognizeLayout, type WeightLayout } from '../families/registry.ts';
import type { TextTowerConfig } from '../models/text-tower.ts';
import { declaredTensors } from '../towers/graphs.ts';
import type { ImageTower } from '../towers/image-tower.ts';
import { makeTower } from '../towers/make-tower.ts';
import { type Hints, hintsBeside, mergeHints } from './hints.ts';
import { type Identity, identify, ModelParts } from './identity.ts';
import { nativeImageSize } from './image-size.ts';
import { type InferredConfig, inferModel, summarize } from './infer.ts';
import { type Int8Weights, int8Weights } from './int8-weights.ts';
import { type Located, TOKENIZER_FILE } from './locate.ts';
import type { PublishedModel } from './published-model.ts';
import type { Preprocessing } from './preprocessing.ts';
import type { Recipe } from './recipe.ts';
import { openWeights, type OpenWeights, type OpenWeightsOptions, type WeightAddresses } from './weights/open-weights.ts';

/** Projections into the joint space have few numbers, and what they give is compared: they stay as they are. */
const PROJECTION = /^text\.text_projection\./u;

/** The factor that CLIP's training is limited to, and where ViTamin's ends. */
const DEFAULT_LOGIT_SCALE = 100;

/** timm's classifier, which a CLIP tower does not have, under the names of both kinds of projection. */
const HEAD_BIASES = ['visual.head.proj.bias', 'visual.proj.bias'];

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
  /** What the tensors do not show, such as the activation. It stands over what files beside the weights say, and over what is known of published models. */
  readonly hints?: Hints | undefined;
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
  /** Path of the tokenizer beside the weights, where the text tower has one of its own and it was found. */
  readonly tokenizer?: string;
  /** Names in open_clip's custom text form. Tensors that are strided in the file were read, all others are places in it. */
  readonly weights: Weights;
  /** The matrices that are multiplied in 8 bits, with the precision `int8`. */
  readonly int8?: Int8Weights;
  /** exp(logit_scale), the learned factor on cosines; 100 where the checkpoint has none. */
  readonly logitScale: number;
  /** What is added to scaled cosines before a sigmoid, in models that were trained with one (SigLIP). */
  readonly logitBias?: number;
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
  const logit = await readLogit(weights, layout);
  const { address, located, checkpoint } = weights.sourceOf(layout.names.values().next().value!);
  if (layout.form === 'timm') await checkZeroBias(weights, layout);
  const part = await weights.take(layout.names, layout.prefix, layout);
  const { posEmbed, precision = 'float32' } = options;
  const [file] = checkpoint.files as [string];
  const hints = mergeHints(knownHints(layout, located), await hintsBeside(dirname(file)), { ...options.hints, posEmbed });
  const [plan, text] = inferModel(layout.family, part.weights, hints);
  const imageSize = await nativeImageSize(located, { address, file }, plan);
  const positions = plan.positions && (await readTable(part.weights, plan.positions.name, (own) => weights.read(layout.names.get(own)!)));
  const tower = makeTower({
    plan,
    imageSize,
    preprocessing: { ...plan.preprocessing, ...(hints.preprocessing as Partial<Preprocessing>) },
    weights: part.weights,
    positions,
  });
  const { declared, matrices } = declaredTensors(tower, text);
  const parts = new ModelParts(familyOf(layout.family).head);
  part.expect(declared);
  part.allow(['logit_scale', 'logit_bias', ...(layout.form === 'timm' ? HEAD_BIASES : []), ...unread(part.weights, plan, parts, posEmbed)]);
  const identity = await identify(part, parts, { head: plan.embedDim !== undefined, reading: readingOf(plan, text) });
  // What does not fit is told by `weights.check()`.
  const int8 =
    precision === 'int8' && part.problems.length === 0
      ? await roundTowers([...matrices], identity, parts, weights, (path) => weights.read(layout.names.get(path)!))
      : undefined;
  return {
    address,
    files: weights.files,
    ...(located.published ? { published: located.published } : {}),
    layout,
    config: summarize(plan, text),
    tower,
    ...(text ? { text } : {}),
    ...(text?.tokenizer === undefined ? {} : await tokenizerBeside([dirname(located.path), dirname(file), located.path])),
    weights: part.weights,
    ...logit,
    ...(int8 ? { int8 } : {}),
    identity,
    recipe: {
      normalization: tower.normalization,
      posEmbed: posEmbed === 'skip' && plan.imageSize !== undefined ? 'skip' : 'add',
      precision,
    },
  };
}

/** The first tokenizer that is there: a path into the cache of the Hub is a link, whose file lies elsewhere. */
async function tokenizerBeside(folders: readonly string[]): Promise<Pick<OpenedModel, 'tokenizer'>> {
  for (const folder of folders) {
    const path = join(folder, TOKENIZER_FILE);
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile()) return { tokenizer: path };
  }
  return {};
}

/** The matrices of both towers in 8 bits. The head has few, and what it gives is compared: it stays as it is. */
async function roundTowers(
  matrices: readonly string[],
  { tower, text }: Identity,
  parts: ModelParts,
  { options }: OpenWeights,
  read: (path: string) => Promise<Tensor>,
): Promise<Int8Weights> {
  const image = await int8Weights({ digest: tower, matrices: matrices.filter((name) => parts.isTower(name)), read }, options);
  const words =
    text === undefined
      ? []
      : await int8Weights(
          { digest: text, matrices: matrices.filter((name) => parts.isText(name) && !PROJECTION.test(name)), read },
          options,
        );
  return new Map([...image, ...words]);
}

/** What is known without a configuration: OpenAI's archives tell by what lies beside their weights, transformers has defaults, published models have a name. */
function knownHints({ family, form }: WeightLayout, { published }: Located): Hints {
  const activation = family === 'siglip2' ? 'geluTanh' : 'quickGelu';
  return mergeHints(form === 'openai' || form === 'transformers' ? { activation } : {}, published?.hints);
}

/** Tensors that no network asks for: the head's norm without its projection, and a position embedding that is left out. */
function unread(weights: Weights, { embedDim, config }: TowerPlan, parts: ModelParts, posEmbed: ReadModelOptions['posEmbed']): string[] {
  const head = embedDim === undefined ? [...weights.keys()].filter((name) => parts.isHead(name)) : [];
  return [...head, ...(posEmbed === 'skip' && config.family === 'vitamin' ? ['visual.trunk.pos_embed'] : [])];
}

/** What decides, beside the weights, what the towers compute; empty for what is usual. */
function readingOf({ config }: TowerPlan, text: TextTowerConfig | undefined): string {
  const image = 'activation' in config.image && config.image.activation !== 'gelu' ? config.image.activation : '';
  return [image, text?.activation === 'quickGelu' ? text.activation : ''].filter((part) => part !== '').join(' ');
}

/** timm's classifier has a bias, CLIP's projection has none: timm sets it to zero when it loads a CLIP checkpoint. */
async function checkZeroBias(weights: OpenWeights, { names }: WeightLayout): Promise<void> {
  const stored = HEAD_BIASES.map((name) => names.get(name)).find((name) => name !== undefined);
  if (stored === undefined) return;
  const { data } = toFloat32(await weights.read(stored));
  const found = data.find((value) => value !== 0);
  if (found === undefined) return;
  throw new VitaminError('WEIGHTS_MISMATCH', `Expected ${stored} to be zero, as in a CLIP image tower, but found ${found}`, {
    hint: 'This is a classifier over fixed classes, not a CLIP model.',
  });
}

async function readLogit(weights: OpenWeights, { names }: WeightLayout): Promise<Pick<OpenedModel, 'logitScale' | 'logitBias'>> {
  const bias = await readScalar(weights, names.get('logit_bias'));
  const logarithm = await readScalar(weights, names.get('logit_scale'));
  const logitScale = logarithm === undefined ? DEFAULT_LOGIT_SCALE : Math.exp(logarithm);
  if (!Number.isFinite(logitScale)) {
    const stored = names.get('logit_scale')!;
    throw new VitaminError('WEIGHTS_MISMATCH', `Expected ${stored} to be the logarithm of a scale but found ${logarithm}`);
  }
  return { logitScale, ...(bias === undefined ? {} : { logitBias: bias }) };
}

async function readScalar(weights: OpenWeights, stored: string | undefined): Promise<number | undefined> {
  const record = stored === undefined ? undefined : weights.tensors.get(stored);
  if (stored === undefined || !record) return undefined;
  if (record.shape.some((extent) => extent !== 1)) {
    throw new VitaminError('WEIGHTS_MISMATCH', `Expected ${stored} to be one number but found [${record.shape.join(', ')}]`);
  }
  return toFloat32(await weights.read(stored)).data[0]!;
}

/** A table of positions as numbers, in the shape that the part gives it. */
async function readTable(weights: Weights, name: string, read: (name: string) => Promise<Tensor>): Promise<Tensor<'float32'> | undefined> {
  const found = weights.get(name);
  return found && tensor('float32', found.shape, toFloat32(await read(name)).data);
}
