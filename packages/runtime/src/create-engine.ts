import type { Engine, EngineOptions } from './engine.ts';
import { checkProvider, tfjsBackend } from './providers.ts';

/**
 * The engine of a provider on this thread: ONNX Runtime, or TensorFlow.js where that is asked for and installed.
 *
 * @throws VitaminError `UNSUPPORTED` for a provider that is not there, and as the engines do.
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  await checkProvider(options.provider);
  if (options.provider.startsWith('tfjs')) {
    const { TfjsEngine } = await import('@vitamin-vlm/engine-tfjs');
    return TfjsEngine.create({ model: options.model, backend: tfjsBackend(options.provider) });
  }
  const { OrtEngine } = await import('./engine.ts');
  return OrtEngine.create(options);
}
