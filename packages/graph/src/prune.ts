import type { Graph, Node } from './graph.ts';

/** The nodes that some output depends on, in order. Taps nobody asked for cost nothing. */
export function liveNodes(graph: Graph): readonly Node[] {
  const needed = new Set([...graph.outputs.values()].map((value) => value.name));
  const live: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.values.some((value) => needed.has(value.name))) continue;
    live.push(node);
    for (const input of node.inputs) if (input) needed.add(input.name);
  }
  return live.toReversed();
}
