import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { type DType, VitaminError } from '@vitamin-vlm/core';

/** An input or output of a model. A string in the shape is an extent that is known when it runs; the empty one has no name. */
export interface ModelValue {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/** A weight: its bytes in the model file, or where they lie in another. */
export interface ModelWeight {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array | { readonly location: string; readonly offset: number; readonly length: number };
}

/** An attribute as it stands in the file. Graphs and tensors are kept apart as `other`: no operator of the table takes them. */
export type ModelAttribute = number | string | readonly number[] | { readonly other: true };

/** One call of an operator. Optional values that are left out have empty names. */
export interface ModelNode {
  readonly name: string;
  /** With its domain when that is not ONNX's own: `com.microsoft.MatMulNBits`. */
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, ModelAttribute>;
}

/** What an ONNX file says. */
export interface Model {
  /** Version of ONNX's own operators. */
  readonly opset: number;
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  readonly weights: ReadonlyMap<string, ModelWeight>;
  /** In the order in which they can run. */
  readonly nodes: readonly ModelNode[];
}

/** ONNX's numbers of the element types: github.com/onnx/onnx, onnx/onnx.proto, TensorProto.DataType. */
export const elementTypes: ReadonlyMap<number, DType> = new Map([
  [1, 'float32'],
  [2, 'uint8'],
  [3, 'int8'],
  [5, 'int16'],
  [6, 'int32'],
  [7, 'int64'],
  [9, 'bool'],
  [10, 'float16'],
  [11, 'float64'],
  [16, 'bfloat16'],
]);

type Fields = Readonly<Record<number, (r: BinaryReader, wire: WireType) => void>>;

/** Reads one protobuf message: the fields that are asked for, in the order of the file. */
function read(bytes: Uint8Array, fields: Fields): void {
  const r = new BinaryReader(bytes);
  while (r.pos < r.len) {
    const [field, wire] = r.tag();
    if (fields[field]) fields[field](r, wire);
    else r.skip(wire, field);
  }
}

/** Repeated numbers stand one by one or packed: readers of protobuf must take both. */
function repeated(into: number[], one: (r: BinaryReader) => number): (r: BinaryReader, wire: WireType) => void {
  return (r, wire) => {
    if (wire !== WireType.LengthDelimited) into.push(one(r));
    else for (const end = r.uint32() + r.pos; r.pos < end;) into.push(one(r));
  };
}

const integer = (r: BinaryReader): number => Number(r.int64());

function elementType(code: number, what: string): DType {
  const dtype = elementTypes.get(code);
  if (dtype) return dtype;
  throw new VitaminError('UNSUPPORTED', `Expected ${what} to be of ${[...elementTypes.values()].join(', ')} but found ONNX's type ${code}`);
}

function readValue(bytes: Uint8Array): ModelValue {
  let name = '';
  let code = 0;
  const shape: (number | string)[] = [];
  const extent = (part: Uint8Array): void => {
    let dim: number | string = '';
    read(part, { 1: (r) => (dim = integer(r)), 2: (r) => (dim = r.string()) });
    shape.push(dim);
  };
  const tensorType: Fields = {
    1: (r) => (code = r.int32()),
    2: (r) => read(r.bytes(), { 1: (s) => extent(s.bytes()) }),
  };
  read(bytes, {
    1: (r) => (name = r.string()),
    2: (r) => read(r.bytes(), { 1: (t) => read(t.bytes(), tensorType) }),
  });
  return { name, dtype: elementType(code, `"${name}"`), shape };
}

function readWeight(bytes: Uint8Array): [string, ModelWeight] {
  let name = '';
  let code = 0;
  let raw: Uint8Array = new Uint8Array();
  const shape: number[] = [];
  const external = new Map<string, string>();
  const entry = (part: Uint8Array): void => {
    let key = '';
    read(part, { 1: (r) => (key = r.string()), 2: (r) => external.set(key, r.string()) });
  };
  read(bytes, {
    1: repeated(shape, integer),
    2: (r) => (code = r.int32()),
    8: (r) => (name = r.string()),
    9: (r) => (raw = r.bytes()),
    13: (r) => entry(r.bytes()),
  });
  const dtype = elementType(code, `weight "${name}"`);
  const location = external.get('location');
  if (location === undefined) return [name, { dtype, shape, bytes: raw }];
  return [name, { dtype, shape, bytes: { location, offset: Number(external.get('offset') ?? 0), length: Number(external.get('length')) } }];
}

function readAttribute(bytes: Uint8Array): [string, ModelAttribute] {
  let name = '';
  let value: ModelAttribute = { other: true };
  const list: number[] = [];
  read(bytes, {
    1: (r) => (name = r.string()),
    2: (r) => (value = r.float()),
    3: (r) => (value = integer(r)),
    4: (r) => (value = r.string()),
    7: repeated(list, (r) => r.float()),
    8: repeated(list, integer),
  });
  return [name, list.length > 0 ? list : value];
}

function readNode(bytes: Uint8Array): ModelNode {
  const [inputs, outputs]: [string[], string[]] = [[], []];
  const attributes = new Map<string, ModelAttribute>();
  let [name, op, domain] = ['', '', ''];
  read(bytes, {
    1: (r) => inputs.push(r.string()),
    2: (r) => outputs.push(r.string()),
    3: (r) => (name = r.string()),
    4: (r) => (op = r.string()),
    5: (r) => attributes.set(...readAttribute(r.bytes())),
    7: (r) => (domain = r.string()),
  });
  return { name, op: domain === '' || domain === 'ai.onnx' ? op : `${domain}.${op}`, inputs, outputs, attributes };
}

/**
 * Reads an ONNX file.
 *
 * @throws VitaminError `WEIGHTS_CORRUPT` when the bytes are none, `UNSUPPORTED` for element types that ONNX Runtime's Node binding lacks too.
 */
export function readModel(bytes: Uint8Array): Model {
  const [inputs, outputs]: [ModelValue[], ModelValue[]] = [[], []];
  const weights = new Map<string, ModelWeight>();
  const nodes: ModelNode[] = [];
  let opset = 0;
  const graph: Fields = {
    1: (r) => nodes.push(readNode(r.bytes())),
    5: (r) => weights.set(...readWeight(r.bytes())),
    11: (r) => inputs.push(readValue(r.bytes())),
    12: (r) => outputs.push(readValue(r.bytes())),
  };
  const operatorSet = (part: Uint8Array): void => {
    let [domain, version] = ['', 0];
    read(part, { 1: (r) => (domain = r.string()), 2: (r) => (version = integer(r)) });
    if (domain === '' || domain === 'ai.onnx') opset = version;
  };
  try {
    read(bytes, { 7: (r) => read(r.bytes(), graph), 8: (r) => operatorSet(r.bytes()) });
  } catch (cause) {
    if (cause instanceof VitaminError) throw cause;
    throw new VitaminError('WEIGHTS_CORRUPT', `Expected the bytes of an ONNX model but found: ${(cause as Error).message}`, { cause });
  }
  if (outputs.length === 0) throw new VitaminError('WEIGHTS_CORRUPT', 'Expected an ONNX model with outputs but found none');
  // Files of old versions list weights among the inputs too.
  return { opset, inputs: inputs.filter(({ name }) => !weights.has(name)), outputs, weights, nodes };
}
