import { openCheckpoint, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type DType, type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { access } from 'node:fs/promises';

/** A tensor that goes from step to step. */
export interface StateInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** The best evaluation so far. */
export interface Best {
  readonly step: number;
  readonly value: number;
}

/** Everything a training needs to go on. */
export interface TrainingState {
  /** Steps done. */
  step: number;
  /** Step of the latest evaluation, 0 before the first. */
  evaluated: number;
  best: Best | undefined;
  /** By name: what the outputs `name:next` of the latest step were. */
  readonly tensors: Map<string, Tensor>;
}

/** Names with a colon are the optimizer's; the others are parameters and running statistics. */
export function parametersOf(tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  return new Map([...tensors].filter(([name]) => !name.includes(':')));
}

/**
 * The state before the first step. Values are copied: the loop hands its own to the engine.
 *
 * @throws VitaminError `WEIGHTS_MISSING` or `WEIGHTS_MISMATCH` that names the tensor.
 */
export function initialState(needed: readonly StateInfo[], initial: ReadonlyMap<string, Tensor>): TrainingState {
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape } of needed) {
    const value = name.includes(':') ? tensor(dtype, shape) : initial.get(name);
    if (!value) throw new VitaminError('WEIGHTS_MISSING', `Expected an initial value for ${name} but found none`);
    expectFit({ name, dtype, shape }, value, 'the initial values');
    tensors.set(name, copyOf(value));
  }
  return { step: 0, evaluated: 0, best: undefined, tensors };
}

/** Writes a file that `resumeState` goes on from. It is replaced in one move. */
export async function saveState(file: string, state: TrainingState): Promise<void> {
  const { step, evaluated, best, tensors } = state;
  await writeSafetensors(file, tensors, { progress: JSON.stringify({ step, evaluated, best }) });
}

/**
 * The state in a file, or undefined when there is none yet.
 *
 * @throws VitaminError `WEIGHTS_MISMATCH` for the state of another graph, `WEIGHTS_CORRUPT` for a damaged file.
 */
export async function resumeState(file: string, needed: readonly StateInfo[]): Promise<TrainingState | undefined> {
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (!exists) return undefined;
  await using checkpoint = await openCheckpoint(file);
  const progress = JSON.parse(String(checkpoint.metadata['progress'] ?? 'null')) as Omit<TrainingState, 'tensors'> | null;
  const unknown = [...checkpoint.tensors.keys()].find((name) => !needed.some((info) => info.name === name));
  if (!progress || unknown !== undefined)
    throw new VitaminError('WEIGHTS_MISMATCH', `Expected the state of this training in ${file} but found ${unknown ?? 'another file'}`);
  const tensors = new Map<string, Tensor>();
  for (const info of needed) {
    const record = checkpoint.tensors.get(info.name);
    if (!record) throw new VitaminError('WEIGHTS_MISMATCH', `Expected ${info.name} in ${file} but found none`);
    expectFit(info, record, file);
    tensors.set(info.name, await checkpoint.read(info.name));
  }
  return { step: progress.step, evaluated: progress.evaluated, best: progress.best, tensors };
}

function expectFit({ name, dtype, shape }: StateInfo, found: Omit<StateInfo, 'name'>, where: string): void {
  if (found.dtype === dtype && found.shape.join() === shape.join()) return;
  throw new VitaminError('WEIGHTS_MISMATCH', `Expected ${name} in ${where} to be ${show({ dtype, shape })} but found ${show(found)}`);
}

const show = ({ dtype, shape }: Omit<StateInfo, 'name'>): string => `${dtype} [${shape.join(', ')}]`;

/** The same numbers in memory of their own. */
export function copyOf({ dtype, shape, data }: Tensor): Tensor {
  const copy = tensor(dtype, shape);
  (copy.data as Uint8Array).set(data as Uint8Array);
  return copy;
}
