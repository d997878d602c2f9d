import { VitaminError } from '@vitamin-vlm/core';
import { fromBinary, toBinary } from './binary-data.ts';
import { elementsOf, type InferTensor, isDatatype } from './infer-tensor.ts';
import { fromJsonData, toJsonData } from './json-data.ts';

/** Name of the header that says where the JSON of a message with binary data ends. */
export const HEADER_LENGTH = 'inference-header-content-length';

/** Which outputs are wanted, and how. */
export interface OutputRequest {
  readonly name: string;
  readonly binary: boolean;
}

/** A request for an inference. */
export interface InferRequest {
  readonly id?: string | undefined;
  readonly inputs: Readonly<Record<string, InferTensor>>;
  /** Default: all outputs of the model. */
  readonly outputs?: readonly OutputRequest[] | undefined;
  /** How outputs come that were not asked for by name. */
  readonly binaryOutputs: boolean;
}

/** The answer to a request for an inference. */
export interface InferResponse {
  readonly model: string;
  readonly version?: string | undefined;
  readonly id?: string | undefined;
  readonly outputs: Readonly<Record<string, InferTensor>>;
}

/** Bytes of a message, and the length of its JSON where binary data follow it. */
export interface Encoded {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headerLength: number | undefined;
}

interface TensorHead {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data?: unknown;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** A request as bytes. Inputs go as binary data unless `json` is set. */
export function encodeRequest(request: InferRequest, { json = false }: { readonly json?: boolean } = {}): Encoded {
  const { id, inputs, outputs, binaryOutputs } = request;
  const head = {
    ...(id === undefined ? {} : { id }),
    ...(outputs ? { outputs: outputs.map(({ name, binary }) => ({ name, parameters: { binary_data: binary } })) } : {}),
    ...(binaryOutputs ? { parameters: { binary_data_output: true } } : {}),
  };
  return encode(head, 'inputs', Object.entries(inputs), () => !json);
}

/** @throws VitaminError `INPUT_UNREADABLE` for a body that is no request, with what is wrong in it. */
export function decodeRequest(body: Uint8Array, headerLength: number | undefined): InferRequest {
  const { head, tensors } = decode(body, headerLength, 'inputs');
  const outputs = head['outputs'];
  const binaryOutputs = parameterOf(head, 'binary_data_output') === true;
  if (outputs !== undefined && !Array.isArray(outputs)) throw new VitaminError('INPUT_UNREADABLE', 'Expected a list as "outputs"');
  return {
    ...idOf(head),
    inputs: tensors,
    binaryOutputs,
    ...(outputs
      ? {
          outputs: (outputs as unknown[]).map((output) => {
            const name = isRecord(output) ? output['name'] : undefined;
            if (typeof name !== 'string') throw new VitaminError('INPUT_UNREADABLE', 'Expected a "name" in each of "outputs"');
            const own = parameterOf(output as Record<string, unknown>, 'binary_data');
            return { name, binary: own === undefined ? binaryOutputs : own === true };
          }),
        }
      : {}),
  };
}

/** An answer as bytes. @param isBinary - How an output goes, by its name. */
export function encodeResponse(response: InferResponse, isBinary: (output: string) => boolean): Encoded {
  const { model, version, id, outputs } = response;
  const head = { model_name: model, ...(version === undefined ? {} : { model_version: version }), ...(id === undefined ? {} : { id }) };
  return encode(head, 'outputs', Object.entries(outputs), isBinary);
}

/** @throws VitaminError `INPUT_UNREADABLE` for a body that is no answer, with what is wrong in it. */
export function decodeResponse(body: Uint8Array, headerLength: number | undefined): InferResponse {
  const { head, tensors } = decode(body, headerLength, 'outputs');
  const { model_name: model, model_version: version } = head;
  if (typeof model !== 'string') throw new VitaminError('INPUT_UNREADABLE', 'Expected a "model_name" in the answer');
  return { model, ...(typeof version === 'string' ? { version } : {}), ...idOf(head), outputs: tensors };
}

function encode(
  head: object,
  field: 'inputs' | 'outputs',
  tensors: readonly (readonly [string, InferTensor])[],
  isBinary: (name: string) => boolean,
): Encoded {
  const parts: Uint8Array[] = [];
  const heads = tensors.map(([name, tensor]) => {
    const { datatype, shape } = tensor;
    if (!isBinary(name)) return { name, datatype, shape, data: toJsonData(tensor) };
    const bytes = toBinary(tensor);
    parts.push(bytes);
    return { name, datatype, shape, parameters: { binary_data_size: bytes.length } };
  });
  const json = new TextEncoder().encode(JSON.stringify({ ...head, [field]: heads }));
  if (parts.length === 0) return { body: json, headerLength: undefined };
  const body = new Uint8Array(json.length + parts.reduce((sum, { length }) => sum + length, 0));
  body.set(json);
  let at = json.length;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return { body, headerLength: json.length };
}

function decode(
  body: Uint8Array,
  headerLength: number | undefined,
  field: 'inputs' | 'outputs',
): { head: Record<string, unknown>; tensors: Record<string, InferTensor> } {
  const end = headerLength ?? body.length;
  if (!(Number.isInteger(end) && end >= 0 && end <= body.length)) {
    throw new VitaminError('INPUT_UNREADABLE', `Expected JSON of at most ${body.length} bytes but the header says ${headerLength}`);
  }
  const head = parse(body.subarray(0, end));
  const list = head[field];
  if (!Array.isArray(list)) throw new VitaminError('INPUT_UNREADABLE', `Expected a list as "${field}"`);
  const tensors: Record<string, InferTensor> = Object.create(null) as Record<string, InferTensor>;
  let at = end;
  for (const entry of list as unknown[]) {
    const { name, datatype, shape, data, parameters } = checkHead(entry, field);
    if (!isDatatype(datatype))
      throw new VitaminError('INPUT_UNREADABLE', `Expected a datatype of the protocol in "${name}" but found ${datatype}`);
    if (name in tensors) throw new VitaminError('INPUT_UNREADABLE', `Expected each of "${field}" once but found "${name}" twice`);
    const size = parameters?.['binary_data_size'];
    if (size === undefined) {
      tensors[name] = fromJsonData(name, datatype, shape, data);
      continue;
    }
    if (!(typeof size === 'number' && Number.isInteger(size) && size >= 0 && at + size <= body.length)) {
      throw new VitaminError(
        'INPUT_UNREADABLE',
        `Expected ${JSON.stringify(size)} bytes of "${name}" after the JSON but found ${body.length - at}`,
      );
    }
    tensors[name] = fromBinary(name, datatype, shape, body.subarray(at, at + size));
    at += size;
  }
  if (at !== body.length)
    throw new VitaminError('INPUT_UNREADABLE', `Expected the message to end after ${at} bytes but it has ${body.length}`);
  return { head, tensors };
}

function checkHead(entry: unknown, field: string): TensorHead {
  const { name, datatype, shape, parameters } = isRecord(entry) ? entry : {};
  const isShape = Array.isArray(shape) && shape.every((extent) => Number.isInteger(extent) && extent >= 0) && shape.length <= 16;
  if (typeof name !== 'string' || typeof datatype !== 'string' || !isShape || !Number.isSafeInteger(elementsOf(shape as number[]))) {
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected "name", "datatype" and "shape" in each of "${field}" but found ${JSON.stringify({ name, datatype, shape })}`,
    );
  }
  if (parameters !== undefined && !isRecord(parameters))
    throw new VitaminError('INPUT_UNREADABLE', `Expected an object as "parameters" of "${name}"`);
  return entry as TensorHead;
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isRecord(value)) return value;
  } catch (cause) {
    throw new VitaminError('INPUT_UNREADABLE', `Expected JSON but found: ${(cause as Error).message}`, { cause });
  }
  throw new VitaminError('INPUT_UNREADABLE', 'Expected a JSON object');
}

function idOf(head: Record<string, unknown>): { id?: string } {
  return typeof head['id'] === 'string' ? { id: head['id'] } : {};
}

function parameterOf(entry: Record<string, unknown>, name: string): unknown {
  const parameters = entry['parameters'];
  return isRecord(parameters) ? parameters[name] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
