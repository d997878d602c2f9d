export { listBackends, loadBackend, TENSORFLOW_NEEDS } from './backends.ts';
export type { Backend, BackendInfo } from './backends.ts';
export { TfjsEngine } from './engine.ts';
export type { TfjsOptions } from './engine.ts';
export type { ModelValue } from './onnx/read-model.ts';
