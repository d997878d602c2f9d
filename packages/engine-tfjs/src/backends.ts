import { VitaminError } from '@vitamin-vlm/core';
import type { Tf } from './operators/operator.ts';

/** What computes below TensorFlow.js: the TensorFlow library on CPU or GPU, WebAssembly, or plain JavaScript. */
export type Backend = 'tensorflow' | 'wasm' | 'cpu';

/** A backend, the package that brings it, and TensorFlow.js itself. */
interface Source {
  readonly backend: Backend;
  /** Importing it registers the backend. */
  readonly name: string;
  /** Where TensorFlow.js's functions are, when the package does not export them itself. */
  readonly core?: string;
}

const CORE = '@tensorflow/tfjs-core';

/** The fastest first. */
const sources: readonly Source[] = [
  { backend: 'tensorflow', name: '@tensorflow/tfjs-node-gpu' },
  { backend: 'tensorflow', name: '@tensorflow/tfjs-node' },
  { backend: 'wasm', name: '@tensorflow/tfjs-backend-wasm', core: CORE },
  { backend: 'cpu', name: '@tensorflow/tfjs-backend-cpu', core: CORE },
];

/** One package of TensorFlow.js that a user may have installed. */
export interface BackendInfo {
  readonly backend: Backend;
  /** The npm package that brings it. */
  readonly name: string;
  readonly installed: boolean;
}

/** TensorFlow.js with a backend that is ready. */
export interface LoadedBackend {
  /** What `@tensorflow/tfjs-core` exports, which a program that does not install it knows no type of. */
  readonly tf: unknown;
  readonly backend: Backend;
  /** The npm package that brought it. */
  readonly name: string;
}

/**
 * Which packages of TensorFlow.js are installed where this package finds them, the fastest first. Nothing is loaded.
 *
 * @example
 * ```ts
 * import { listBackends } from '@vitamin-vlm/engine-tfjs';
 * for (const { backend, name, installed } of listBackends()) console.log(backend, name, installed);
 * ```
 */
export function listBackends(): BackendInfo[] {
  return sources.map(({ backend, name, core }) => ({
    backend,
    name,
    installed: isInstalled(name) && (core === undefined || isInstalled(core)),
  }));
}

function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * Loads TensorFlow.js with the backend that is asked for, else with the fastest that is installed. One that is installed and does not load is an
 * error: the next one would be slower by a factor of ten or a hundred, unsaid.
 *
 * @throws VitaminError `UNSUPPORTED` that says what to install, or why it does not load.
 */
export async function loadBackend(wanted?: Backend): Promise<LoadedBackend> {
  const installed = new Set(listBackends().flatMap(({ name, installed: found }) => (found ? [name] : [])));
  const source = sources.find(({ backend, name }) => (wanted === undefined || backend === wanted) && installed.has(name));
  if (!source) {
    const needed = sources.filter(({ backend }) => wanted === undefined || backend === wanted);
    const packages = needed.map(({ name, core }) => (core === undefined ? name : `${core} with ${name}`)).join(', or ');
    throw new VitaminError('UNSUPPORTED', `Expected ${packages} to be installed but found none`, {
      hint: 'TensorFlow.js is a guest that you install yourself; the provider cpu (ONNX Runtime) needs nothing and is faster.',
    });
  }
  try {
    const tf = await importTf(source);
    // Its notices on the console are off in this mode: libraries do not print.
    tf.enableProdMode();
    if (!(await tf.setBackend(source.backend))) throw new Error(`the backend ${source.backend} did not start`);
    return { tf, backend: source.backend, name: source.name };
  } catch (cause) {
    const reason = (cause as Error).message.split('\n')[0];
    throw new VitaminError('UNSUPPORTED', `Expected ${source.name} to load but received: ${reason}`, {
      hint: source.backend === 'tensorflow' ? TENSORFLOW_NEEDS : 'Reinstall it, or use the provider cpu (ONNX Runtime).',
      cause,
    });
  }
}

/** What tfjs-node-gpu 4.22.0, of October 2024 and the last so far, wants of the machine. */
export const TENSORFLOW_NEEDS: string =
  'tfjs-node-gpu 4.22.0 needs Node below 23, and CUDA 11.2 with cuDNN 8.1 for a GPU; its install script fetches libtensorflow 2.9.1.';

async function importTf({ name, core }: Source): Promise<Tf> {
  const first = core === undefined ? undefined : await importDefault(core);
  const own = await importDefault(name);
  return first ?? own;
}

/** The packages are CommonJS: all of their exports are in the default one. The names are no literals, so bundlers do not look for them. */
async function importDefault(name: string): Promise<Tf> {
  return ((await import(name)) as { readonly default: Tf }).default;
}
