import type { Tensor } from '@vitamin-vlm/core';
import { type Graph, toOnnx, type Value } from '@vitamin-vlm/graph';
import { Session, type SessionOptions } from '@vitamin-vlm/runtime';

/** Runs a graph once and gives the named values inside it. Feeds that no value needs are left out. */
export async function runGraph(
  graph: Graph,
  values: Readonly<Record<string, Value>>,
  feeds: Readonly<Record<string, Tensor>>,
  options: SessionOptions,
): Promise<Record<string, Tensor<'float32'>>> {
  for (const [name, value] of Object.entries(values)) graph.output(name, value);
  await using session = await Session.create(toOnnx(graph), options);
  const needed = Object.fromEntries(session.inputs.map(({ name }) => [name, feeds[name]!]));
  return (await session.run(needed, { signal: options.signal })) as Record<string, Tensor<'float32'>>;
}
