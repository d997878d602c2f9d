import type { Graph, Shape } from '@vitamin-vlm/graph';

const types: Readonly<Record<string, string>> = { float32: 'TYPE_FP32', uint8: 'TYPE_UINT8', int32: 'TYPE_INT32' };

/** How a model of the repository is served. */
export interface ServedGraph {
  readonly name: string;
  readonly graph: Graph;
  /** Rows that Triton may put together from several requests; 0: requests stay apart. */
  readonly maxBatch: number;
}

/** The `config.pbtxt` of a graph for Triton's ONNX Runtime backend (github.com/triton-inference-server/server, docs/user_guide/model_configuration.md). */
export function graphConfig({ name, graph, maxBatch }: ServedGraph): string {
  // With batching Triton adds the first extent itself.
  const dims = (shape: Shape): string =>
    (maxBatch > 0 ? shape.slice(1) : shape).map((extent) => (typeof extent === 'number' ? extent : -1)).join(', ');
  const value = (field: string, key: string, dtype: string, shape: Shape): string =>
    `${field} [ { name: "${key}" data_type: ${types[dtype]} dims: [ ${dims(shape)} ] } ]`;
  return [
    `name: "${name}"`,
    'platform: "onnxruntime_onnx"',
    `max_batch_size: ${maxBatch}`,
    ...[...graph.inputs].map(([key, { dtype, shape }]) => value('input', key, dtype, shape)),
    ...[...graph.outputs].map(([key, { dtype, shape }]) => value('output', key, dtype, shape)),
    ...(maxBatch > 0 ? ['dynamic_batching { }'] : []),
    '',
  ].join('\n');
}

function step(model: string, inputs: readonly string[], output: string): string {
  const maps = inputs.map((key) => `input_map { key: "${key}" value: "${key}" }`).join(' ');
  return `    { model_name: "${model}" model_version: -1 ${maps} output_map { key: "${output}" value: "${output}" } }`;
}

/** `classify`: pixels and words in, probabilities out; the embedding between them never leaves the server. */
export function ensembleConfig(size: number, width: number): string {
  return `name: "classify"
platform: "ensemble"
max_batch_size: 0
input [ { name: "pixels" data_type: TYPE_UINT8 dims: [ -1, ${size}, ${size}, 3 ] } ]
input [ { name: "words" data_type: TYPE_FP32 dims: [ -1, ${width} ] } ]
output [ { name: "probabilities" data_type: TYPE_FP32 dims: [ -1, -1 ] } ]
ensemble_scheduling {
  step [
${step('image-tower', ['pixels'], 'embedding')},
${step('words', ['embedding', 'words'], 'probabilities')}
  ]
}
`;
}
