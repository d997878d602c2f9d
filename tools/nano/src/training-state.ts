import { openCheckpoint, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { stat } from 'node:fs/promises';

/** Everything a run needs to go on: parameters `p`, their running means `p:mean` and `p:square`, and the steps done. */
export interface TrainingState {
  step: number;
  tensors: Map<string, Tensor>;
}

/** The state before the first step. */
export function initialState(parameters: ReadonlyMap<string, Tensor>, trained: readonly string[]): TrainingState {
  const tensors = new Map<string, Tensor>();
  for (const path of trained) {
    const parameter = parameters.get(path);
    if (!parameter) throw new VitaminError('WEIGHTS_MISSING', `Expected an initial value for ${path} but found none`);
    tensors.set(path, parameter);
    tensors.set(`${path}:mean`, tensor('float32', parameter.shape));
    tensors.set(`${path}:square`, tensor('float32', parameter.shape));
  }
  return { step: 0, tensors };
}

/** Takes every output `name:next` of a training step as the new `name`. */
export function advance(state: TrainingState, outputs: Readonly<Record<string, Tensor>>): void {
  for (const [name, value] of Object.entries(outputs)) if (name.endsWith(':next')) state.tensors.set(name.slice(0, -':next'.length), value);
  state.step++;
}

/** Writes a checkpoint that `resumeState` continues from. The file is replaced in one move. */
export async function saveState(file: string, state: TrainingState): Promise<void> {
  await writeSafetensors(file, state.tensors, { step: `${state.step}` });
}

/** The state in `file`, or undefined when there is none yet. */
export async function resumeState(file: string): Promise<TrainingState | undefined> {
  if (!(await stat(file).catch(() => undefined))) return undefined;
  const checkpoint = await openCheckpoint(file);
  try {
    const tensors = new Map<string, Tensor>();
    for (const name of checkpoint.tensors.keys()) tensors.set(name, await checkpoint.read(name));
    return { step: Number(checkpoint.metadata['step']), tensors };
  } finally {
    await checkpoint.close();
  }
}
