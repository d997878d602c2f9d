/** A second engine that a user may have installed beside ONNX Runtime. */
export interface GuestEngineInfo {
  readonly name: string;
  readonly installed: boolean;
  /** Version when installed, else what went wrong. */
  readonly detail: string;
  /** What it needs from the machine. */
  readonly requirement: string;
}

/** Not a literal, so that neither the compiler nor a bundler looks for a package that is no dependency. */
const GUEST: string = '@tensorflow/tfjs-node-gpu';

/**
 * Looks whether `@tensorflow/tfjs-node-gpu` is installed and loads, for `vitamin doctor`. It is a guest: an engine that a user
 * may install for himself, never a dependency. No network runs on it yet; one that shall must implement `run` over named tensors
 * as `Session` does.
 *
 * @example
 * ```ts
 * import { probeGuestEngine } from '@vitamin-vlm/runtime';
 * const { installed, detail } = await probeGuestEngine();
 * console.log(installed, detail);
 * ```
 */
export async function probeGuestEngine(): Promise<GuestEngineInfo> {
  const requirement = 'CUDA 11.2, cuDNN 8.1 and libtensorflow 2.9.1; Node below 23 (tfjs-node-gpu 4.22.0)';
  try {
    const module = (await import(GUEST)) as { readonly version?: Readonly<Record<string, string>> };
    return { name: GUEST, installed: true, detail: module.version?.['tfjs-core'] ?? 'version unknown', requirement };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    const reason = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    return { name: GUEST, installed: false, detail: missing ? 'not installed (optional)' : `does not load: ${reason}`, requirement };
  }
}
