import type { Int8Weights } from '@vitamin-vlm/backbone';
import { gather, gatherND, Graph, type KeyValueCache, Parameters, type Weights } from '@vitamin-vlm/graph';
import type { LlamaConfig } from '../models/llama-config.ts';
import { causalVisibility, embeddingTable, languageHead, llamaLayers } from '../models/llama.ts';
import { ropeTable } from '../models/rope.ts';

/** Where the numbers come from; the identity stands in the graph, so that one in the cache belongs to the weights that it was made for. */
interface GraphSource {
  readonly weights: Weights;
  readonly int8?: Int8Weights | undefined;
  readonly identity: string;
}

/**
 * New tokens on top of a cache: `embeddings` [N, L, H], `positions` int64 [N, L], `slots` int64 [N, T] (the position of every token in the cache and of the
 * new ones, -1 where none is), `last` int64 [N, 2] (row and place whose next token is asked) and the cache `key.i`, `value.i` [N, groups, P, D] in;
 * `logits` [N, V] and what belongs into the cache of the new tokens, `fresh.key.i`, `fresh.value.i` [N, groups, L, D] out. T = P + L, and a cache has room for
 * more than is in it.
 */
export function decoderGraph(config: LlamaConfig, context: number, source?: GraphSource): { graph: Graph; parameters: Parameters } {
  const graph = new Graph(`decoder ${source?.identity ?? ''} ${source?.int8 ? 'int8' : ''}`);
  const parameters = new Parameters(graph, source ? { weights: source.weights, int8: source.int8 } : {});
  const { groups, size, hidden } = config;
  const embeddings = graph.input('embeddings', 'float32', ['N', 'L', hidden]);
  const positions = graph.input('positions', 'int64', ['N', 'L']);
  const past = Array.from({ length: config.layers }, (_, i): KeyValueCache => {
    const [key, value] = ['key', 'value'].map((name) => graph.input(`${name}.${i}`, 'float32', ['N', groups, 'P', size]));
    return { key: key!, value: value! };
  });
  const tokens = graph.extent(['P', 'L'], [], 'T');
  const slots = graph.input('slots', 'int64', ['N', tokens]);
  const places = { positions, visible: causalVisibility(positions, slots), rope: ropeTable(graph, config, context) };
  const { layers, norm } = llamaLayers(parameters.root.at('model'), embeddings, config, places, past);
  const last = gatherND(norm, graph.input('last', 'int64', ['N', 2])); // [N, H]
  graph.output('logits', languageHead(parameters.root, last, config));
  for (const [i, { fresh }] of layers.entries()) {
    graph.output(`fresh.key.${i}`, fresh.key);
    graph.output(`fresh.value.${i}`, fresh.value);
  }
  return { graph, parameters };
}

/** `ids` int64 [L] in, `embeddings` [L, H] out. */
export function embeddingGraph(config: LlamaConfig, { weights, identity }: GraphSource): Graph {
  const graph = new Graph(`embeddings ${identity}`);
  const { root } = new Parameters(graph, { weights });
  graph.output('embeddings', gather(embeddingTable(root, config), graph.input('ids', 'int64', ['L'])));
  return graph;
}
