import { openWeights, type OpenWeightsOptions } from '@vitamin-vlm/backbone';
import { sizeOf, type Tensor, tensor, toFloat32, VitaminError } from '@vitamin-vlm/core';
import { randomStream } from '@vitamin-vlm/training';
import { openProjector } from '../load/open-projector.ts';
import { PROJECTOR, type TrainingModel } from './training-graph.ts';

/** What a training begins with. */
export interface InitialOptions extends OpenWeightsOptions {
  readonly llm: string;
  /** Default: a fresh one. */
  readonly projector?: string | undefined;
  readonly seed: number;
}

/**
 * Values of everything that is learned: the language model's from its files, the projector's from its own, or by chance as PyTorch begins a linear layer (uniform
 * within 1/√inputs).
 *
 * @throws VitaminError `WEIGHTS_MISMATCH` for a projector of other sizes.
 */
export async function initialWeights(
  trained: ReadonlyMap<string, readonly number[]>,
  { projector }: TrainingModel,
  options: InitialOptions,
): Promise<Map<string, Tensor<'float32'>>> {
  const initial = new Map<string, Tensor<'float32'>>();
  await using llm = await openWeights(options.llm, options);
  const ofProjector = options.projector === undefined ? undefined : await projectorValues(options.projector, projector, options);
  let stream = 0;
  for (const [path, shape] of trained) {
    if (!path.startsWith(`${PROJECTOR}.`)) {
      const name = llm.tensors.has(path) ? path : `language_model.${path}`;
      initial.set(path, toFloat32(await llm.read(name)));
    } else initial.set(path, ofProjector?.get(path) ?? drawn(path, shape, projector, randomStream(options.seed, -1 - stream++)));
  }
  return initial;
}

async function projectorValues(
  address: string,
  { input, output }: TrainingModel['projector'],
  options: OpenWeightsOptions,
): Promise<Map<string, Tensor<'float32'>>> {
  const { config } = await openProjector(address, options);
  if (config.type !== 'mlp2x_gelu' || config.input !== input || config.output !== output) {
    throw new VitaminError(
      'WEIGHTS_MISMATCH',
      `Expected a projector mlp2x_gelu from ${input} to ${output} numbers in ${address} but found ${config.type} from ${config.input} to ${config.output}`,
    );
  }
  await using weights = await openWeights(address, options);
  const values = new Map<string, Tensor<'float32'>>();
  for (const name of weights.tensors.keys()) {
    const own = /mm_projector\.(.+)$/u.exec(name)?.[1];
    if (own !== undefined) values.set(`${PROJECTOR}.${own}`, toFloat32(await weights.read(name)));
  }
  return values;
}

function drawn(
  path: string,
  shape: readonly number[],
  { input, output }: TrainingModel['projector'],
  random: () => number,
): Tensor<'float32'> {
  const inputs = path.startsWith(`${PROJECTOR}.0.`) ? input : output;
  const bound = 1 / Math.sqrt(inputs);
  return tensor(
    'float32',
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => bound * (2 * random() - 1)),
  );
}
