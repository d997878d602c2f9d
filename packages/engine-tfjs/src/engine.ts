import { type Tensor, VitaminError } from '@vitamin-vlm/core';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Backend, loadBackend } from './backends.ts';
import { fromTf, toTf } from './numbers.ts';
import { type Model, type ModelValue, readModel } from './onnx/read-model.ts';
import { WeightFiles } from './onnx/read-weight.ts';
import type { Tf, TfTensor } from './operators/operator.ts';
import { planModel, type Step } from './plan.ts';

/** What an engine is made from. */
export interface TfjsOptions {
  /** The path of an `.onnx` file, whose weights may lie in files beside it, or its bytes. */
  readonly model: string | Uint8Array;
  /** Default: the fastest that is installed: `tensorflow`, `wasm`, `cpu`. */
  readonly backend?: Backend | undefined;
}

/**
 * An ONNX model on TensorFlow.js, on the thread that makes it: loading and running block that thread. Intermediate results are given back as soon as nothing
 * needs them.
 *
 * @example
 * ```ts
 * import { tensor } from '@vitamin-vlm/core';
 * import { TfjsEngine } from '@vitamin-vlm/engine-tfjs';
 * const engine = await TfjsEngine.create({ model: 'model.onnx' });
 * console.log(engine.provider); // 'tfjs-wasm'
 * const { y } = await engine.run({ x: tensor('float32', [1, 3, 224, 224]) });
 * console.log(y?.shape);
 * await engine.close();
 * ```
 */
export class TfjsEngine {
  readonly failed: boolean = false;
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  /** What computes. */
  readonly provider: `tfjs-${Backend}`;
  readonly #backend: Backend;
  readonly #tf: Tf;
  readonly #steps: readonly Step[];
  readonly #weights: ReadonlyMap<string, TfTensor>;

  private constructor(tf: Tf, backend: Backend, model: Model, steps: readonly Step[], weights: ReadonlyMap<string, TfTensor>) {
    this.#tf = tf;
    this.provider = `tfjs-${backend}`;
    this.#backend = backend;
    this.inputs = model.inputs;
    this.outputs = model.outputs;
    this.#steps = steps;
    this.#weights = weights;
  }

  /**
   * Loads a model, its weights included.
   *
   * @throws VitaminError `UNSUPPORTED` where TensorFlow.js is not installed or does not load, and for a model with operators, attributes or element types
   * that it cannot do (all of them are listed); `INPUT_NOT_FOUND`; `WEIGHTS_MISSING`; `WEIGHTS_CORRUPT`.
   */
  static async create({ model: source, backend: wanted }: TfjsOptions): Promise<TfjsEngine> {
    const loaded = await loadBackend(wanted);
    const { backend } = loaded;
    const tf = loaded.tf as Tf;
    const model = readModel(typeof source === 'string' ? await readBytes(source) : source);
    const steps = planModel(tf, model);
    await using files = new WeightFiles(typeof source === 'string' ? dirname(source) : undefined);
    const weights = new Map<string, TfTensor>();
    try {
      for (const [name, weight] of model.weights) {
        const data = await files.read(name, weight);
        useBackend(tf, backend);
        weights.set(name, toTf(tf, name, data));
      }
    } catch (error) {
      tf.dispose([...weights.values()]);
      throw error;
    }
    return new TfjsEngine(tf, backend, model, steps, weights);
  }

  /**
   * Runs the model once. Feeds are tensors by the names of `inputs`, all of them; the results belong to the caller.
   *
   * @throws VitaminError `RUNTIME` with the operator and TensorFlow.js's reason, `UNSUPPORTED` for whole numbers beyond 32 bits.
   */
  // oxlint-disable-next-line require-await -- an engine answers with a promise, and what is thrown must be its rejection
  async run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    useBackend(this.#tf, this.#backend);
    const results: Record<string, Tensor> = {};
    this.#tf.tidy(() => {
      const values = new Map(this.#weights);
      for (const { name } of this.inputs) values.set(name, toTf(this.#tf, name, feeds[name]!));
      for (const step of this.#steps) this.#runStep(step, values);
      for (const { name, dtype } of this.outputs) results[name] = fromTf(values.get(name)!, dtype);
    });
    return results;
  }

  #runStep({ node, run, last }: Step, values: Map<string, TfTensor>): void {
    const tf = this.#tf;
    const inputs = node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
    const outputs = wrapped(node, this.provider, () =>
      // A value must not be returned as it came in: it would be given back twice.
      tf.tidy(() => [run(...inputs)].flat().map((value) => (inputs.includes(value) ? tf.clone(value) : value))),
    );
    node.outputs.forEach((name, i) => values.set(name, outputs[i]!));
    for (const name of last) {
      values.get(name)?.dispose();
      values.delete(name);
    }
  }

  /** Gives the weights back. */
  // oxlint-disable-next-line require-await -- as `run`
  async close(): Promise<void> {
    this.#tf.dispose([...this.#weights.values()]);
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw new VitaminError('INPUT_NOT_FOUND', `Expected an ONNX file at ${path} but found none`, { cause });
  });
}

/** TensorFlow.js has one current backend for the whole thread. One that has started is set at once, before the promise is looked at. */
function useBackend(tf: Tf, backend: Backend): void {
  void tf.setBackend(backend);
}

function wrapped<T>({ op, name }: Step['node'], provider: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof VitaminError) throw cause;
    const reason = (cause as Error).message.split('\n')[0];
    throw new VitaminError('RUNTIME', `Expected ${op} "${name}" to run on ${provider} but TensorFlow.js said: ${reason}`, { cause });
  }
}
