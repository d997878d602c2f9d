import { arrayTypes, bytesPerElement, sizeOf, VitaminError, type DType, type Tensor } from '@vitamin-vlm/core';
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

import { BufferPool } from './buffer-pool.ts';
import { wrapEngineError } from './engine-error.ts';
import { needsExactInt8 } from './exact-int8.ts';
import { loadOnnxRuntime } from './providers.ts';
import type { NamedTensors, ValueInfo } from './value-info.ts';

/** Everything a session is made from, as data that can be posted to a worker. */
export interface EngineOptions {
  readonly model: string | Uint8Array;
  readonly provider: string;
  readonly threads: number;
  readonly spinning: boolean;
  readonly optimization: 'disabled' | 'basic' | 'extended' | 'layout' | 'all';
  readonly arena: boolean;
  readonly memoryPattern: boolean;
  readonly extra: Readonly<Record<string, string>>;
}

/** What runs a network: `OrtEngine` or `TfjsEngine` on this thread, or `WorkerEngine` on another. One call at a time. */
export interface Engine {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** What computes: the provider asked for, or, where that leaves a choice, what was chosen. */
  readonly provider: string;
  /** Whether it can run no more. */
  readonly failed: boolean;
  /** With `transfer` the feeds' buffers may be taken away from the caller; then those of `giveBack` are among the outputs. */
  run(feeds: NamedTensors, transfer: boolean, giveBack?: readonly string[]): Promise<Record<string, Tensor>>;
  /** Lets later outputs have the buffers of feeds that nobody else uses any more. */
  recycle?(feeds: NamedTensors): void;
  close(): Promise<void>;
}

/** Only fatal messages: errors reach the caller as exceptions, and libraries never print. */
const LOG_FATAL = 4;

function sessionOptions(options: EngineOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: [options.provider],
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: options.optimization,
    enableCpuMemArena: options.arena,
    enableMemPattern: options.memoryPattern,
    logSeverityLevel: LOG_FATAL,
    extra: {
      'session.intra_op.allow_spinning': options.spinning ? '1' : '0',
      // Spinning threads would otherwise burn their cores for a while after each run.
      'session.force_spinning_stop': '1',
      'session.x64quantprecision': needsExactInt8() ? '1' : '0',
      ...options.extra,
    },
  };
}

function toValueInfo(value: InferenceSession.ValueMetadata): ValueInfo {
  if (!value.isTensor || !Object.hasOwn(arrayTypes, value.type)) {
    const found = value.isTensor ? value.type : 'no tensor';
    throw new VitaminError(
      'UNSUPPORTED',
      `Expected "${value.name}" to be a tensor of ${Object.keys(arrayTypes).join(', ')} but found ${found}`,
    );
  }
  return { name: value.name, dtype: value.type as DType, shape: value.shape };
}

const isFixed = (shape: ValueInfo['shape']): shape is readonly number[] => shape.every((dim) => typeof dim === 'number');

function viewOf(dtype: DType, buffer: ArrayBuffer): Tensor['data'] {
  const ArrayType = arrayTypes[dtype] as unknown as new (buffer: ArrayBuffer) => Tensor['data'];
  return new ArrayType(buffer);
}

/** An ONNX Runtime session on the thread that makes it. `run` and `create` block that thread. */
export class OrtEngine implements Engine {
  readonly failed: boolean = false;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly provider: string;
  readonly #ort: typeof import('onnxruntime-node');
  readonly #session: InferenceSession;
  readonly #pool: BufferPool;

  private constructor(ort: typeof import('onnxruntime-node'), session: InferenceSession, provider: string) {
    this.provider = provider;
    this.#ort = ort;
    this.#session = session;
    this.inputs = session.inputMetadata.map(toValueInfo);
    this.outputs = session.outputMetadata.map(toValueInfo);
    const fixed = this.outputs.filter(({ shape }) => isFixed(shape));
    this.#pool = new BufferPool(fixed.map(({ dtype, shape }) => sizeOf(shape as readonly number[]) * bytesPerElement(dtype)));
  }

  static async create(options: EngineOptions): Promise<OrtEngine> {
    const ort = await loadOnnxRuntime();
    ort.env.logLevel = 'fatal';
    // The overloads of create() tell a path from bytes; the union is one call in the implementation.
    const session = await ort.InferenceSession.create(options.model as string, sessionOptions(options)).catch((error: unknown) => {
      throw wrapEngineError(error, 'loading the model');
    });
    try {
      return new OrtEngine(ort, session, options.provider);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  async run(feeds: NamedTensors): Promise<Record<string, Tensor>> {
    try {
      return await this.#run(feeds);
    } catch (error) {
      throw wrapEngineError(error, 'the run');
    }
  }

  async #run(feeds: NamedTensors): Promise<Record<string, Tensor>> {
    const tensors: Record<string, OrtTensor> = {};
    for (const [name, { dtype, data, shape }] of Object.entries(feeds)) tensors[name] = this.#toOrt(dtype, data, shape);
    const ready: Record<string, Tensor> = {};
    const fetches: Record<string, OrtTensor | null> = {};
    for (const { name, dtype, shape } of this.outputs) {
      fetches[name] = null;
      if (!isFixed(shape)) continue;
      const data = viewOf(dtype, this.#pool.take(sizeOf(shape) * bytesPerElement(dtype)));
      ready[name] = { dtype, shape, data };
      fetches[name] = this.#toOrt(dtype, data, shape);
    }
    const results = await this.#session.run(tensors, fetches);
    for (const { name, dtype } of this.outputs) ready[name] ??= copyOut(results[name]!, dtype);
    return ready;
  }

  /** Each feed is a whole buffer of its own. */
  recycle(feeds: NamedTensors): void {
    for (const { data } of Object.values(feeds)) this.#pool.give(data.buffer as ArrayBuffer);
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  #toOrt(dtype: DType, data: Tensor['data'], shape: readonly number[]): OrtTensor {
    const value = new this.#ort.Tensor(dtype as 'float32', data as Float32Array, shape);
    // Where Float16Array exists (Node 24), ONNX Runtime 1.30 wraps float16 in one, which its own binding then takes for empty.
    if (dtype === 'float16') Object.defineProperty(value, 'data', { value: data });
    return value;
  }
}

/** Outputs of unknown size lie in memory that dies with ONNX Runtime's session, so they are copied. */
function copyOut(value: OrtTensor, dtype: DType): Tensor {
  const { buffer, byteOffset, byteLength } = value.data as Float32Array;
  const data = viewOf(dtype, buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
  value.dispose();
  return { dtype, shape: [...value.dims], data };
}
