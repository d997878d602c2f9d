import { pooledHead, type TextTowerConfig, textTower, type ViTaminConfig, vitaminTrunk } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';
import { Graph, Parameters, type Params, toOnnx, type Value, type Weights } from '@vitamin-vlm/graph';
import { Session, type SessionOptions } from '@vitamin-vlm/runtime';

/** Values inside a network by the name of the field. */
export type Taps = Readonly<Record<string, Value>>;

/** Everything inside an image tower, under the original program's names where it has some. image: [1, 3, S, S]. */
export function imageTaps(root: Params, image: Value, config: ViTaminConfig): Taps {
  const visual = root.at('visual');
  const { conv1, stem, stage1, stage2, pool, embedded, blocks } = vitaminTrunk(visual.at('trunk'), image, config);
  const { pooled, normed, embedding } = pooledHead(visual, blocks.at(-1)!, config.embedDim);
  return {
    conv1,
    stem,
    ...numbered('stages.0', stage1),
    'stages.0': stage1.at(-1)!,
    ...numbered('stages.1', stage2),
    'stages.1': stage2.at(-1)!,
    pool,
    embedded,
    ...numbered('blocks', blocks),
    tokens: blocks.at(-1)!,
    pooled,
    fcNorm: normed,
    embedding,
  };
}

/** Everything inside a text tower. ids: int32 [N, L], ends: int32 [N]. */
export function textTaps(root: Params, ids: Value, ends: Value, config: TextTowerConfig): Taps {
  const { embedded, blocks, features } = textTower(root.at('text'), ids, ends, config);
  return { embedded, ...numbered('blocks', blocks), features };
}

function numbered(scope: string, values: readonly Value[]): Taps {
  return Object.fromEntries(values.map((value, i) => [`${scope}.${i}`, value]));
}

/**
 * Runs a network once and gives the values inside it that are asked for.
 *
 * @param weights - Names in open_clip's custom text form.
 * @param build - Makes the network from the checkpoint's scope and the declared inputs.
 */
export async function runTaps(
  weights: Weights,
  feeds: Readonly<Record<string, Tensor>>,
  build: (root: Params, inputs: Taps) => Taps,
  names: readonly string[],
  options: SessionOptions,
): Promise<Record<string, Tensor<'float32'>>> {
  const graph = new Graph('taps');
  const inputs = Object.entries(feeds).map(([name, { dtype, shape }]) => [name, graph.input(name, dtype, shape)]);
  const taps = build(new Parameters(graph, { weights }).root, Object.fromEntries(inputs) as Taps);
  for (const name of names) graph.output(name, taps[name]!);
  await using session = await Session.create(toOnnx(graph), options);
  // A graph keeps only the inputs that its outputs need.
  const needed = Object.fromEntries(session.inputs.map(({ name }) => [name, feeds[name]!]));
  return (await session.run(needed, { signal: options.signal })) as Record<string, Tensor<'float32'>>;
}
