import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VitaminError } from '@vitamin-vlm/core';
import type { GridRule } from '../models/grid-features.ts';
import type { TokenOptions } from '../tokens/token-maker.ts';

/** How a language model was taught to see and to be asked, as far as its folder says. */
export interface BridgeSettings extends TokenOptions {
  readonly template?: string;
  readonly system?: string;
}

/**
 * Reads what `config.json` says beside the sizes: LLaVA's keys (`mm_vision_select_layer`, `image_aspect_ratio`), and in the object `vitamin` what LLaVA has no key
 * for: `imageSize`, `finalNorm`, `grid`, `template`, `system`. What stands nowhere is left out.
 *
 * @throws VitaminError `UNSUPPORTED` for pictures between tokens of their own (`mm_use_im_start_end`), which LLaVA-1.5 does not have; `INPUT_UNREADABLE` for
 *   values of another type.
 */
export function readBridgeSettings(config: Readonly<Record<string, unknown>>): BridgeSettings {
  for (const key of ['mm_use_im_start_end', 'mm_use_im_patch_token']) {
    if (config[key] === true) throw new VitaminError('UNSUPPORTED', `Expected a model with ${key} false but found true`);
  }
  const own = isObject(config['vitamin']) ? config['vitamin'] : {};
  const layer = config['mm_vision_select_layer'];
  const aspect = config['image_aspect_ratio'];
  return {
    ...pick(own, 'imageSize', 'number'),
    ...pick(own, 'finalNorm', 'boolean'),
    ...pick(own, 'template', 'string'),
    ...pick(own, 'system', 'string'),
    ...(own['grid'] === undefined ? {} : { grid: readGrid(own['grid']) }),
    ...(typeof layer === 'number' ? { layer } : {}),
    ...(aspect === 'pad' || aspect === 'square' ? { rule: aspect } : {}),
  };
}

interface Types {
  readonly number: number;
  readonly boolean: boolean;
  readonly string: string;
}

function pick<K extends string, T extends keyof Types>(own: Json, key: K, type: T): { readonly [P in K]?: Types[T] } {
  const value = own[key];
  if (value === undefined) return {};
  if (typeof value === type) return { [key]: value } as { readonly [P in K]: Types[T] };
  throw unreadable(`vitamin.${key} of type ${type}`, value);
}

/** More neighbors than a grid has. */
const MAX_MERGE = 64;

function readGrid(grid: unknown): GridRule {
  const { positions, merge } = isObject(grid) ? grid : {};
  if (typeof positions === 'boolean' && Number.isInteger(merge) && Number(merge) >= 1 && Number(merge) <= MAX_MERGE) {
    return { positions, merge: Number(merge) };
  }
  throw unreadable('vitamin.grid with positions true or false and a whole number as merge', grid);
}

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(expected: string, found: unknown): VitaminError {
  return new VitaminError('INPUT_UNREADABLE', `Expected ${expected} in the model's config.json but found ${JSON.stringify(found)}`);
}

/** The projector of a language model's folder: a file of its own, or the weights themselves, as LLaVA merges them. */
export async function projectorOf(folder: string): Promise<string> {
  for (const name of ['mm_projector.safetensors', 'mm_projector.bin']) {
    const path = join(folder, name);
    if (await stat(path).catch(() => undefined)) return path;
  }
  return folder;
}
