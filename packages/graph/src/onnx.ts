import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type DType, type Tensor, type TensorRecord, VitaminError } from '@vitamin-vlm/core';
import type { Attribute, Graph, Node, Value } from './graph.ts';
import { liveNodes } from './prune.ts';

// Field numbers of the ONNX messages: github.com/onnx/onnx, onnx/onnx.proto.
const IR_VERSION = 9;
/**
 * Operator set 20 (onnx 1.15) is the first with Gelu; runtimes since ONNX Runtime 1.17 load it. Without Gelu a model is of set 19, because ONNX
 * Runtime 1.30 has GridSample on CUDA and WebGPU up to there only.
 */
const OPSETS = { withGelu: 20, plain: 19 } as const;
/** Versions of the domains that operators outside of ONNX come from. */
const DOMAIN_VERSION = 1;
const dataType: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};

/** A model ready for a runtime: the graph as protobuf bytes, and the weight files it points into. */
export interface OnnxModel {
  readonly bytes: Uint8Array;
  /** `location` in the model -> absolute path. Each file must stand under its location name beside the .onnx file. */
  readonly externalFiles: ReadonlyMap<string, string>;
}

/**
 * Writes the part of the graph that its outputs need, as an ONNX model of operator set 19, or 20 for Gelu. Inputs that no output needs are left out.
 *
 * @throws VitaminError `USAGE` when the graph has no outputs; `UNSUPPORTED` when embedded weights exceed what one file can hold (2 GB).
 * @example
 * ```ts
 * import { exp, Graph, toOnnx } from '@vitamin-vlm/graph';
 * const graph = new Graph('exponential');
 * graph.output('y', exp(graph.input('x', 'float32', ['N'])));
 * const { bytes, externalFiles } = toOnnx(graph);
 * console.log(bytes.length, externalFiles.size); // externalFiles is empty: no weight lies in another file
 * ```
 */
export function toOnnx(graph: Graph): OnnxModel {
  if (graph.outputs.size === 0) throw new VitaminError('USAGE', `Expected graph "${graph.name}" to have outputs but it has none`);
  const parts = [...subgraphs(graph)];
  const nodes = parts.flatMap((part) => part.nodes);
  checkEmbedded(parts.flatMap((part) => [...part.graph.initializers].flatMap(([name, data]) => (part.used.has(name) ? [data] : []))));
  const externalFiles = new Map<string, string>();
  const opset = nodes.some((node) => node.op === 'Gelu') ? OPSETS.withGelu : OPSETS.plain;
  const domains = new Set(nodes.flatMap((node) => node.domain ?? []));
  const w = new BinaryWriter();
  w.tag(1, WireType.Varint).int64(IR_VERSION);
  w.tag(2, WireType.LengthDelimited).string('vitamin-vlm');
  message(w, 7, () => writeGraph(w, graph, { names: new Map(), opset, externalFiles }));
  for (const [domain, version] of [['', opset] as const, ...[...domains].map((name) => [name, DOMAIN_VERSION] as const)]) {
    message(w, 8, () => w.tag(1, WireType.LengthDelimited).string(domain).tag(2, WireType.Varint).int64(version));
  }
  return { bytes: w.finish(), externalFiles };
}

/** What is written of a graph. */
interface Part {
  readonly graph: Graph;
  readonly nodes: readonly Node[];
  /** Names of all values that a node or an output reads. */
  readonly used: ReadonlySet<string | undefined>;
}

function livePart(graph: Graph): Part {
  const nodes = liveNodes(graph);
  const read = nodes.flatMap((node) => node.inputs.map((input) => input?.name));
  return { graph, nodes, used: new Set([...read, ...[...graph.outputs.values()].map((value) => value.name)]) };
}

/** The graph and all graphs in attributes of its nodes. */
function* subgraphs(graph: Graph): Generator<Part> {
  const part = livePart(graph);
  yield part;
  for (const node of part.nodes) {
    for (const attribute of Object.values(node.attributes ?? {})) {
      if (typeof attribute === 'object' && 'graph' in attribute) yield* subgraphs(attribute.graph);
    }
  }
}

/** What the graphs of a model share. */
interface Context {
  /** Values of the graphs around this one that bear the name of an output. */
  readonly names: ReadonlyMap<string, string>;
  readonly opset: number;
  readonly externalFiles: Map<string, string>;
}

function writeGraph(w: BinaryWriter, graph: Graph, { names: outer, opset, externalFiles }: Context, isBody = false): void {
  const { nodes, used } = livePart(graph);
  const produced = new Set(nodes.flatMap((node) => node.values.map((value) => value.name)));
  const names = new Map([...outer, ...outputNames(graph, produced)]);
  const context = { names, opset, externalFiles };
  for (const node of nodes) message(w, 1, () => writeNode(w, forOpset(node, opset), used, context));
  // An output that is an input or a weight, or a second name for a value, needs a node of its own.
  for (const [name, value] of graph.outputs) if (names.get(value.name) !== name) message(w, 1, () => writeIdentity(w, value, name, names));
  w.tag(2, WireType.LengthDelimited).string(graph.name);
  for (const [name, data] of graph.initializers) if (used.has(name)) message(w, 5, () => writeTensor(w, name, data, externalFiles));
  // The inputs of a body are handed over by their order: all must be there.
  for (const value of graph.inputs.values()) if (isBody || used.has(value.name)) message(w, 11, () => writeValueInfo(w, value.name, value));
  for (const [name, value] of graph.outputs) message(w, 12, () => writeValueInfo(w, name, value));
}

/** A protobuf message holds less than 2^31 bytes; 1 MiB is kept for the nodes. */
const MAX_EMBEDDED = 2 ** 31 - 2 ** 20;

function checkEmbedded(data: readonly (Tensor | TensorRecord)[]): void {
  const bytes = data.reduce((sum, item) => sum + ('file' in item ? 0 : item.data.byteLength), 0);
  if (bytes <= MAX_EMBEDDED) return;
  throw new VitaminError('UNSUPPORTED', `Expected at most ${MAX_EMBEDDED} bytes of weights inside the graph file but found ${bytes}`, {
    hint: 'Give the weights as places in a checkpoint file.',
  });
}

function message(w: BinaryWriter, field: number, body: () => void): void {
  w.tag(field, WireType.LengthDelimited).fork();
  body();
  w.join();
}

/** Gives each value that is an output its public name, once. */
function outputNames(graph: Graph, produced: ReadonlySet<string>): Map<string, string> {
  const names = new Map<string, string>();
  for (const [name, value] of graph.outputs) if (produced.has(value.name) && !names.has(value.name)) names.set(value.name, name);
  return names;
}

/** Operator set 20 gave the modes of GridSample new names. */
function forOpset(node: Node, opset: number): Node {
  return node.op === 'GridSample' && opset >= 20 ? { ...node, attributes: { ...node.attributes, mode: 'linear' } } : node;
}

function writeNode(w: BinaryWriter, node: Node, used: ReadonlySet<string | undefined>, context: Context): void {
  const { names } = context;
  const handed = node.inputs.slice(0, node.inputs.length - (node.implicit ?? 0));
  for (const input of handed) w.tag(1, WireType.LengthDelimited).string(input ? (names.get(input.name) ?? input.name) : '');
  const last = node.values.findLastIndex((value, i) => used.has(value.name) || !node.outputs[i]!.optional);
  for (const value of node.values.slice(0, last + 1)) w.tag(2, WireType.LengthDelimited).string(names.get(value.name) ?? value.name);
  w.tag(3, WireType.LengthDelimited).string(node.values[0]!.name);
  w.tag(4, WireType.LengthDelimited).string(node.op);
  for (const [name, attribute] of Object.entries(node.attributes ?? {})) message(w, 5, () => writeAttribute(w, name, attribute, context));
  if (node.domain) w.tag(7, WireType.LengthDelimited).string(node.domain);
}

function writeIdentity(w: BinaryWriter, value: Value, name: string, names: ReadonlyMap<string, string>): void {
  w.tag(1, WireType.LengthDelimited).string(names.get(value.name) ?? value.name);
  w.tag(2, WireType.LengthDelimited).string(name);
  w.tag(4, WireType.LengthDelimited).string('Identity');
}

/** Plain numbers are integers; floats are marked as `{ float }` so that 1 and 1.0 stay apart. */
function writeAttribute(w: BinaryWriter, name: string, attribute: Attribute, context: Context): void {
  w.tag(1, WireType.LengthDelimited).string(name);
  if (typeof attribute === 'number') w.tag(3, WireType.Varint).int64(attribute).tag(20, WireType.Varint).int32(2);
  else if (typeof attribute === 'string') w.tag(4, WireType.LengthDelimited).string(attribute).tag(20, WireType.Varint).int32(3);
  else if ('float' in attribute) w.tag(2, WireType.Bit32).float(attribute.float).tag(20, WireType.Varint).int32(1);
  else if ('graph' in attribute) {
    message(w, 6, () => writeGraph(w, attribute.graph, context, true));
    w.tag(20, WireType.Varint).int32(5);
  } else {
    for (const integer of attribute) w.tag(8, WireType.Varint).int64(integer);
    w.tag(20, WireType.Varint).int32(7);
  }
}

function writeTensor(w: BinaryWriter, name: string, data: Tensor | TensorRecord, externalFiles: Map<string, string>): void {
  for (const dim of data.shape) w.tag(1, WireType.Varint).int64(dim);
  w.tag(2, WireType.Varint).int32(dataType[data.dtype]);
  w.tag(8, WireType.LengthDelimited).string(name);
  if (!('file' in data)) {
    w.tag(9, WireType.LengthDelimited).bytes(new Uint8Array(data.data.buffer, data.data.byteOffset, data.data.byteLength));
    return;
  }
  const entries = { location: locationOf(data.file, externalFiles), offset: `${data.offset}`, length: `${data.byteLength}` };
  for (const [key, value] of Object.entries(entries)) {
    message(w, 13, () => w.tag(1, WireType.LengthDelimited).string(key).tag(2, WireType.LengthDelimited).string(value));
  }
  w.tag(14, WireType.Varint).int32(1);
}

/** One short location per weight file; shards of one checkpoint get numbers. */
function locationOf(file: string, externalFiles: Map<string, string>): string {
  for (const [location, known] of externalFiles) if (known === file) return location;
  const location = `weights-${externalFiles.size}.bin`;
  externalFiles.set(location, file);
  return location;
}

function writeValueInfo(w: BinaryWriter, name: string, value: Value): void {
  w.tag(1, WireType.LengthDelimited).string(name);
  message(w, 2, () =>
    message(w, 1, () => {
      w.tag(1, WireType.Varint).int32(dataType[value.dtype]);
      message(w, 2, () => {
        for (const dim of value.shape) {
          message(w, 1, () =>
            typeof dim === 'number' ? w.tag(1, WireType.Varint).int64(dim) : w.tag(2, WireType.LengthDelimited).string(dim),
          );
        }
      });
    }),
  );
}
