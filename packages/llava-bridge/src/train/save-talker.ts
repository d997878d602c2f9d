import { copyFile, mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors, writeTorchArchive } from '@vitamin-vlm/checkpoint';
import { type Tensor, writeFileAtomic } from '@vitamin-vlm/core';
import type { OpenedLlama } from '../load/open-llama.ts';
import type { ProjectorConfig } from '../models/projector.ts';
import type { TokenRecipe } from '../tokens/visual-tokens.ts';

/** What a saved model says of itself. */
export interface SaveOptions {
  readonly folder: string;
  /** What the training began with. */
  readonly llm: OpenedLlama;
  readonly recipe: TokenRecipe;
  readonly projector: ProjectorConfig;
}

/** Files of a tokenizer, and what else belongs to a model but its weights. */
const COPIED = [
  'tokenizer.model',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'generation_config.json',
];

/** Writes `mm_projector.bin` and `config.json` as LLaVA's first stage does. Returns the file. */
export async function saveProjector(parameters: ReadonlyMap<string, Tensor>, options: SaveOptions): Promise<string> {
  const path = join(options.folder, 'mm_projector.bin');
  await writeTorchArchive(path, parameters);
  await writeJson(join(options.folder, 'config.json'), await configOf(options));
  return path;
}

/** Writes a merged model in safetensors with its configuration and tokenizer into `model`. Returns the folder. */
export async function saveTalker(parameters: ReadonlyMap<string, Tensor>, options: SaveOptions): Promise<string> {
  const folder = join(options.folder, 'model');
  await mkdir(folder, { recursive: true });
  await writeSafetensors(join(folder, 'model.safetensors'), parameters, { format: 'pt' });
  await writeJson(join(folder, 'config.json'), await configOf(options));
  for (const name of COPIED) {
    const path = join(options.llm.folder, name);
    if (await stat(path).catch(() => undefined)) await copyFile(path, join(folder, name));
  }
  return folder;
}

/** The language model's own configuration, with LLaVA's keys and ours. */
async function configOf({ llm, recipe, projector }: SaveOptions): Promise<Record<string, unknown>> {
  const own = JSON.parse(await readFile(join(llm.folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  const { size, layer, finalNorm, grid } = recipe;
  const { template, system } = llm.settings;
  return {
    ...own,
    mm_projector_type: projector.type,
    mm_hidden_size: projector.input,
    mm_vision_select_layer: layer,
    image_aspect_ratio: 'pad',
    use_mm_proj: true,
    vitamin: { imageSize: size, finalNorm, grid, ...(template !== undefined && { template }), ...(system !== undefined && { system }) },
  };
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}
