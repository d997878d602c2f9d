import { type OpenWeights, openWeights, type OpenWeightsOptions } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import { Graph, Parameters, type Weights } from '@vitamin-vlm/graph';
import { projector, type ProjectorConfig } from '../models/projector.ts';

/** A projector whose weights were found and checked. */
export interface OpenedProjector {
  readonly address: string;
  readonly config: ProjectorConfig;
  /** `0.weight`, `0.bias`, `2.weight`, …, or `weight`, `bias` of a linear one. */
  readonly weights: Weights;
  /** 64 hexadecimal digits over all weights. */
  readonly identity: string;
}

/** transformers' names of the two layers. */
const HF_NAMES = /^(?:.*\.)?multi_modal_projector\.linear_([12])\.(weight|bias)$/u;
/** LLaVA keeps every name that holds this and drops what stands before it. */
const LLAVA_NAMES = /^(?:.*?)mm_projector\.(.+)$/u;

/**
 * Finds a projector in a file of any kind that LLaVA or transformers write: `mm_projector.bin`, `checkpoint-N.bin`, `non_lora_trainables.bin`, a merged
 * model in shards with their index, safetensors.
 *
 * @param address - A file or a folder, or `hf:org/name[@revision][/file]`.
 * @throws VitaminError `MODEL_UNKNOWN` where no projector is inside; `WEIGHTS_MISMATCH` where its layers do not fit each other, or hold NaN or infinities; and
 *   what `openCheckpoint` throws.
 * @example
 * ```ts
 * import { openProjector } from '@vitamin-vlm/llava-bridge';
 * const { config } = await openProjector('llava-pretrain/mm_projector.bin');
 * console.log(config.type, config.input, config.output); // mlp2x_gelu 1024 4096
 * ```
 */
export async function openProjector(address: string, options: OpenWeightsOptions = {}): Promise<OpenedProjector> {
  await using weights = await openWeights(address, options);
  return await readProjector(weights, address);
}

/** `openProjector` for weights that are open. Their other tensors are nobody's business here. */
export async function readProjector(weights: OpenWeights, address: string): Promise<OpenedProjector> {
  const names = projectorNames(weights.rest);
  if (names.size === 0) {
    throw new VitaminError('MODEL_UNKNOWN', `Expected a projector (mm_projector or multi_modal_projector) in ${address} but found none`, {
      hint: 'Name the file that LLaVA wrote: mm_projector.bin, or a merged model.',
    });
  }
  const part = await weights.take(names, 'mm_projector.');
  const config = inferProjector(part.weights, address);
  part.expect(declaredProjector(config));
  const identity = await part.digest();
  weights.check({ unusedAllowed: (name) => ![...names.values()].includes(name) });
  return { address, config, weights: part.weights, identity };
}

/** Own name -> full name. */
function projectorNames(all: readonly string[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const full of all) {
    const hf = HF_NAMES.exec(full);
    const own = hf ? `${2 * (Number(hf[1]) - 1)}.${hf[2]}` : LLAVA_NAMES.exec(full)?.[1];
    if (own !== undefined) names.set(own, full);
  }
  return names;
}

/** The sizes of a projector follow from its names and shapes. */
function inferProjector(weights: Weights, address: string): ProjectorConfig {
  const isLinear = weights.has('weight');
  const layers = isLinear ? ['weight'] : [...weights.keys()].filter((name) => /^\d+\.weight$/u.test(name));
  const depth = layers.length;
  const first = weights.get(isLinear ? 'weight' : '0.weight')?.shape;
  const last = weights.get(isLinear ? 'weight' : `${2 * (depth - 1)}.weight`)?.shape;
  if (first?.length !== 2 || last?.length !== 2) {
    throw new VitaminError(
      'MODEL_UNKNOWN',
      `Expected a linear projector or layers 0, 2, … in ${address} but found ${[...weights.keys()].join(', ')}`,
    );
  }
  return { type: isLinear ? 'linear' : `mlp${depth}x_gelu`, depth, input: first[1]!, output: last[0]! };
}

/** Every tensor that a projector needs, with its shape. */
export function declaredProjector(config: ProjectorConfig): Map<string, readonly number[]> {
  const graph = new Graph('declared');
  const parameters = new Parameters(graph);
  projector(parameters.root, graph.input('x', 'float32', ['N', config.input]), config);
  return parameters.declared;
}

/** The projector that hands features through. */
export function identityProjector(width: number): OpenedProjector {
  return {
    address: 'identity',
    config: { type: 'identity', depth: 0, input: width, output: width },
    weights: new Map(),
    identity: 'identity',
  };
}
