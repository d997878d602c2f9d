import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Int8Weights, int8Weights, type OpenWeights, openWeights, type OpenWeightsOptions } from '@vitamin-vlm/backbone';
import { sizeOf, type Tensor, VitaminError } from '@vitamin-vlm/core';
import { defaultCacheDir } from '@vitamin-vlm/runtime';
import { type BridgeSettings, readBridgeSettings } from '../bridge/bridge-settings.ts';
import { decoderGraph } from '../decoder/decoder-graph.ts';
import type { DecoderModel } from '../decoder/decoder.ts';
import { embeddingTable } from '../models/llama.ts';
import { type LlamaConfig, readLlamaConfig } from '../models/llama-config.ts';

/** A language model whose weights were found and checked. Most of it still lies on the disk. */
export interface OpenedLlama extends DecoderModel {
  readonly address: string;
  /** Where config, weights and tokenizer lie. */
  readonly folder: string;
  readonly files: readonly string[];
  /** How pictures are read for it, and how it is asked. */
  readonly settings: BridgeSettings;
}

/** How a language model is opened. */
export interface OpenLlamaOptions extends OpenWeightsOptions {
  /** `int8`: the matrices of the layers are rounded row by row, once, and kept in the cache. Default `float32`. */
  readonly precision?: 'float32' | 'int8' | undefined;
}

/** A configuration has a few kilobytes. */
const MAX_CONFIG_BYTES = 1 << 20;
/** Names of a language model: alone, inside LLaVA, and inside transformers' LLaVA. */
const NAMES = /^(?:language_model\.)?((?:model\.(?:embed_tokens|layers|norm)|lm_head)\..+)$/u;
/** Tables that older files hold and nobody reads. */
const UNUSED = /\.rotary_emb\.inv_freq$/u;

/**
 * Finds a LLaMA in Hugging Face's or LLaVA's layout, reads its `config.json`, and compares every tensor with what the network expects. All bytes are read once
 * for its identity, which is remembered.
 *
 * @param address - A folder, or `hf:org/name[@revision]`.
 * @throws VitaminError `INPUT_NOT_FOUND` without a `config.json`; `UNSUPPORTED` for another architecture; `WEIGHTS_MISMATCH`; and what `openCheckpoint` throws.
 * @example
 * ```ts
 * import { openLlama } from '@vitamin-vlm/llava-bridge';
 * const { config, files } = await openLlama('vicuna-7b-v1.5');
 * console.log(config.layers, config.hidden, files.length); // 32 4096 2
 * ```
 */
export async function openLlama(address: string, options: OpenLlamaOptions = {}): Promise<OpenedLlama> {
  await using weights = await openWeights(address, options);
  const folder = dirname(weights.files[0]!);
  const config = await readConfig(folder);
  const settings = readBridgeSettings(config);
  const model = await readLlama(weights, readLlamaConfig(config));
  const int8 = options.precision === 'int8' ? await roundedMatrices(weights, model, options) : undefined;
  return { ...model, int8, address, folder, files: weights.files, settings };
}

async function roundedMatrices(
  weights: OpenWeights,
  { config, identity }: DecoderModel,
  options: OpenWeightsOptions,
): Promise<Int8Weights> {
  const { cacheDir = defaultCacheDir(), signal, onProgress } = options;
  const matrices = [...decoderGraph(config, 1).parameters.matrices];
  const read = async (path: string): Promise<Tensor> => await weights.read(weights.tensors.has(path) ? path : `language_model.${path}`);
  return await int8Weights({ digest: identity, matrices, read }, { cacheDir, signal, onProgress });
}

/** What the folder of a language model says, without its weights. */
export type LlamaFolder = Pick<OpenedLlama, 'address' | 'folder' | 'config' | 'settings'>;

/** Reads the `config.json` of a language model. @throws VitaminError as `openLlama`. */
export async function describeLlama(address: string, options: OpenWeightsOptions = {}): Promise<LlamaFolder> {
  await using weights = await openWeights(address, options); // their names alone are read
  const folder = dirname(weights.files[0]!);
  const config = await readConfig(folder);
  return { address, folder, config: readLlamaConfig(config), settings: readBridgeSettings(config) };
}

/** Takes the language model out of open weights; what belongs to a projector or a tower stays. */
export async function readLlama(weights: OpenWeights, config: LlamaConfig): Promise<DecoderModel> {
  const names = new Map<string, string>();
  for (const full of weights.rest) {
    const own = NAMES.exec(full)?.[1];
    if (own !== undefined && !UNUSED.test(own)) names.set(own, full);
  }
  const part = await weights.take(names);
  const declared = declaredLlama(config);
  part.expect(declared);
  // A tied model may hold its table twice.
  if (config.tied) part.allow(['lm_head.weight']);
  const identity = await part.digest((name) => declared.has(name));
  const own = new Set(names.values());
  weights.check({ unusedAllowed: (name) => !own.has(name) });
  return { config, weights: part.weights, identity };
}

/** Every tensor of a language model, with its shape. */
export function declaredLlama(config: LlamaConfig): Map<string, readonly number[]> {
  const { parameters } = decoderGraph(config, 1);
  embeddingTable(parameters.root, config);
  return parameters.declared;
}

/** Parameters of a language model. */
export function countParameters(config: LlamaConfig): number {
  return [...declaredLlama(config).values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
}

/** Those of them that the precision `int8` rounds. */
export function countMatrices(config: LlamaConfig): number {
  const { declared, matrices } = decoderGraph(config, 1).parameters;
  return [...matrices].reduce((sum, path) => sum + sizeOf(declared.get(path)!), 0);
}

/** `config.json` of a folder. */
async function readConfig(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const path = join(folder, 'config.json');
  const file = await open(path).catch((cause: unknown) => {
    throw new VitaminError('INPUT_NOT_FOUND', `Expected the config.json of a language model at ${path} but found none`, { cause });
  });
  await using _ = file;
  const { size } = await file.stat();
  if (size > MAX_CONFIG_BYTES)
    throw new VitaminError('INPUT_UNREADABLE', `Expected a config.json of at most ${MAX_CONFIG_BYTES} bytes but found ${size}`);
  try {
    const config: unknown = JSON.parse(await file.readFile('utf8'));
    if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config as Record<string, unknown>;
    throw new TypeError('no object');
  } catch (cause) {
    throw new VitaminError('INPUT_UNREADABLE', `Expected a JSON object in ${path} but found something else`, { cause });
  }
}
