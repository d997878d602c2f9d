export { InferenceClient } from './client.ts';
export type { ClientOptions, InferOptions, ModelMetadata, ServerMetadata, TensorMetadata } from './client.ts';
export { elementsOf, isDatatype, textsOf, textTensor } from './infer-tensor.ts';
export type { DataOf, Datatype, InferTensor } from './infer-tensor.ts';
export { decodeRequest, decodeResponse, encodeRequest, encodeResponse, HEADER_LENGTH } from './message.ts';
export type { Encoded, InferRequest, InferResponse, OutputRequest } from './message.ts';
