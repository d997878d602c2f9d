export { listBackends, loadBackend } from './backends.ts';
export type { Backend, BackendInfo } from './backends.ts';
export { TfjsEngine } from './engine.ts';
export type { TfjsOptions } from './engine.ts';
export { probeTensorflow } from './probe-tensorflow.ts';
export type { TensorflowInfo } from './probe-tensorflow.ts';
export type { ModelValue } from './onnx/read-model.ts';
