export { arrayTypes, bytesPerElement } from './dtype.ts';
export type { ArrayOf, DType } from './dtype.ts';
export { throwIfAborted, VitaminError } from './errors.ts';
export type { ErrorCode } from './errors.ts';
export { bfloat16ToFloat, floatToBfloat16, floatToHalf, halfToFloat } from './half.ts';
export type { ProgressEvent, WorkOptions } from './progress.ts';
export { sizeOf, tensor, toFloat32 } from './tensor.ts';
export type { Tensor } from './tensor.ts';
export type { TensorRecord, WeightSource } from './weights.ts';
