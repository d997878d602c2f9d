import { join } from 'node:path';
import type { Normalization } from '@vitamin-vlm/image';
import type { TextTowerConfig } from '../models/text-tower.ts';
import type { Activation } from '../models/parts/activation.ts';
import { readSmall } from './read-small.ts';
import type { Preprocessing } from './preprocessing.ts';

/** What the shapes of tensors do not show. Whoever knows says it; the rest follows from the family. */
export interface Hints {
  /** Of both towers. */
  readonly activation?: Activation | undefined;
  readonly imageHeads?: number | undefined;
  /** Cells along a side of the grid that rotary positions are counted in (PE-Core). */
  readonly rotaryGrid?: number | undefined;
  /** How a position embedding is brought to another grid: smoothed as open_clip and timm do it, or plainly as CLIPSelf and transformers do. */
  readonly positionResize?: 'antialias' | 'plain' | undefined;
  /** The level that the dense map of CLIP's own ViT is made from: the last block as it is, or without attention. */
  readonly denseLevel?: 'final' | 'valueOnly' | undefined;
  /** Of a pool that attends to the tokens. */
  readonly poolHeads?: number | undefined;
  readonly text?: Loose<TextTowerConfig> | undefined;
  readonly preprocessing?: Loose<Preprocessing> | undefined;
  /** `skip`: a learned position embedding is left out. */
  readonly posEmbed?: 'add' | 'skip' | undefined;
}

/** Any of the fields, each of which may be undefined too. */
export type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** What files beside weights say: open_clip's `open_clip_config.json`, and transformers' `config.json` and `preprocessor_config.json`. */
export async function hintsBeside(folder: string): Promise<Hints> {
  const [openClip, config, processor] = await Promise.all(
    ['open_clip_config.json', 'config.json', 'preprocessor_config.json'].map((name) => readJson(join(folder, name))),
  );
  return mergeHints(fromTransformers(new Json(config), new Json(processor)), fromOpenClip(new Json(openClip)));
}

/** Later ones stand over earlier ones, field by field. */
export function mergeHints(...all: readonly (Hints | undefined)[]): Hints {
  const merged: Record<string, unknown> = {};
  for (const [name, value] of all.flatMap((hints) => Object.entries(hints ?? {}))) {
    if (value !== undefined) merged[name] = typeof value === 'object' ? { ...(merged[name] as object), ...defined(value) } : value;
  }
  return merged;
}

function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** @param json - `{ model_cfg, preprocess_cfg }`. */
function fromOpenClip(json: Json): Hints {
  return mergeHints(openClipHints(json.at('model_cfg')), { preprocessing: preprocessingOf(json.at('preprocess_cfg')) });
}

/**
 * What a model configuration of open_clip says, such as the files in its `model_configs`.
 *
 * @example
 * ```ts
 * import { hintsOfOpenClip, openModel } from '@vitamin-vlm/backbone';
 * const hints = hintsOfOpenClip({ quick_gelu: true, vision_cfg: { width: 768 }, text_cfg: { heads: 8 } });
 * await openModel('model.safetensors', { hints });
 * ```
 */
export function hintsOfOpenClip(config: unknown): Hints {
  return openClipHints(new Json(config));
}

function openClipHints(json: Json): Hints {
  const [vision, text] = [json.at('vision_cfg'), json.at('text_cfg')];
  const [width, headWidth] = [vision.count('width'), vision.count('head_width')];
  const quick = json.flag('quick_gelu');
  return {
    activation: quick === undefined ? undefined : quick ? 'quickGelu' : 'gelu',
    imageHeads: width !== undefined && headWidth !== undefined ? width / headWidth : undefined,
    text: {
      heads: text.count('heads'),
      eps: text.at('norm_kwargs').number('eps'),
      activation: text.at('act_kwargs').text('approximate') === 'tanh' ? 'geluTanh' : undefined,
      bidirectional: text.flag('no_causal_mask'),
      pool: text.text('pool_type') === 'last' ? 'last' : undefined,
    },
  };
}

/** transformers' names of activations. */
const ACTIVATIONS: ReadonlyMap<string | undefined, Activation> = new Map([
  ['quick_gelu', 'quickGelu'],
  ['gelu', 'gelu'],
  ['gelu_pytorch_tanh', 'geluTanh'],
]);

function fromTransformers(config: Json, processor: Json): Hints {
  const [vision, text] = [config.at('vision_config'), config.at('text_config')];
  // CLIP's configurations leave out what is their default: OpenAI's activation.
  const isClip = [config, vision].some((json) => /^clip(?:_vision_model|_text_model)?$/u.test(json.text('model_type') ?? ''));
  const stated = vision.text('hidden_act') ?? (isClip ? config.text('hidden_act') : undefined);
  const activation = stated ?? (isClip ? 'quick_gelu' : undefined);
  return {
    activation: ACTIVATIONS.get(activation),
    imageHeads: (config.text('model_type') === 'clip_vision_model' ? config : vision).count('num_attention_heads'),
    text: { heads: text.count('num_attention_heads') },
    preprocessing: {
      normalization: processor.normalization('image_mean', 'image_std'),
      resize: processor.count('resample') === 2 ? 'bilinear' : processor.count('resample') === 3 ? 'bicubic' : undefined,
    },
  };
}

function preprocessingOf(json: Json): NonNullable<Hints['preprocessing']> {
  const [filter, mode] = [json.text('interpolation'), json.text('resize_mode')];
  return {
    normalization: json.normalization('mean', 'std'),
    resize: filter === 'bicubic' || filter === 'bilinear' ? filter : undefined,
    edge: mode === 'squash' ? 'both' : mode === 'shortest' ? 'shortest' : undefined,
  };
}

/** Data from a file: a member of the wrong kind counts as absent. */
class Json {
  readonly #value: Record<string, unknown> | undefined;

  constructor(value: unknown) {
    this.#value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  }

  at(name: string): Json {
    return new Json(this.#value?.[name]);
  }

  number(name: string): number | undefined {
    const value = this.#value?.[name];
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  }

  count(name: string): number | undefined {
    const value = this.number(name);
    return value !== undefined && Number.isSafeInteger(value) && value > 0 ? value : undefined;
  }

  flag(name: string): boolean | undefined {
    const value = this.#value?.[name];
    return typeof value === 'boolean' ? value : undefined;
  }

  text(name: string): string | undefined {
    const value = this.#value?.[name];
    return typeof value === 'string' ? value : undefined;
  }

  normalization(mean: string, std: string): Normalization | undefined {
    const [means, deviations] = [this.#value?.[mean], this.#value?.[std]].map((value) =>
      Array.isArray(value) && value.length === 3 && value.every((item) => Number.isFinite(item)) ? (value as number[]) : undefined,
    );
    if (!means || !deviations?.every((value) => value > 0)) return undefined;
    return { divisor: 255, mean: means as [number, number, number], std: deviations as [number, number, number] };
  }
}

/** A file that is absent, damaged or too long says nothing. */
async function readJson(file: string): Promise<unknown> {
  const text = await readSmall(file);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
