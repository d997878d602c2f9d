import { join } from 'node:path';
import { Backbone, openModel } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { adapters } from '@vitamin-vlm/fvit-detection';
import { Graph, Parameters, type Value } from '@vitamin-vlm/graph';
import { formulaValues } from '../formula.ts';
import { runGraph } from '../fvit/run-graph.ts';
import type { OpenedCase } from './opened.ts';
import { towersTensor } from './case-weights.ts';

/** F-ViT's class for CLIP's own ViT: four maps and the dense one in sliding windows, and the adapters on them. */
export async function compareSliding({ golden, model, weights, context }: OpenedCase): Promise<void> {
  const taps = golden.at('taps');
  const [name, height, width, , window, , stride] = golden.at('slidingInput').take() as [
    string,
    number,
    number,
    string,
    number,
    string,
    number,
  ];
  const pixels = formulaValues(name + weights.seedSuffix, [1, 3, height, width], 4);
  const session = { threads: context.threads, signal: context.signal, cacheDir: join(context.folder, 'cache') };
  const opened = await openModel(model.files[0]!, { hints: { ...weights.hints, denseLevel: 'final' }, ...session });
  await using backbone = Backbone.from(opened, session);
  const blocks = (golden.at('denseOutIndices').value as number[]).map((index) => `blocks.${index}`);
  const maps = await backbone.windowMaps(pixels, { window, stride, levels: [...new Set(blocks), 'dense'] });
  taps.at('sliding.vlmMap').tensor(maps['dense']!);

  const graph = new Graph('adapters');
  const inputs = blocks.map((block, i) => graph.input(`map${i}`, 'float32', maps[block]!.shape));
  const [os4, os8, mid, final] = inputs as [Value, Value, Value, Value];
  const shapes = adapterShapes(os4.shape[1] as number);
  const numbers = new Map([...shapes].map(([path, shape]) => [path, towersTensor(path, shape, weights.seedSuffix) as Tensor<'float32'>]));
  const { root } = new Parameters(graph, { weights: numbers });
  // The file's values are of adapters whose batch norm does nothing, not even divide by √(1 + 1e-5).
  const adapted = adapters(root.at('backbone'), { os4, os8, mid, final }, (_, x) => x);
  const feeds = Object.fromEntries(blocks.map((block, i) => [`map${i}`, maps[block]!]));
  const found = await runGraph(graph, Object.fromEntries(adapted.map((value, i) => [`adapted${i}`, value])), feeds, session);
  adapted.forEach((_, i) => taps.at(`sliding.adapted${i}`).tensor(found[`adapted${i}`]!));

  const first = await backbone.wholeMaps(corner(pixels, window), { levels: [blocks[0]!, 'final'] });
  taps.at('sliding.window0.map0').tensor(first[blocks[0]!]!);
  taps.at('sliding.window0.map4').tensor(first['final']!);
}

/** Transposed convolutions of 2×2 pixels. */
function adapterShapes(width: number): Map<string, readonly number[]> {
  const scopes = ['interpolate1.0', 'interpolate1.3', 'interpolate2.0'].map((scope) => `backbone.${scope}`);
  return new Map(
    scopes.flatMap((scope): [string, number[]][] => [
      [`${scope}.weight`, [width, width, 2, 2]],
      [`${scope}.bias`, [width]],
    ]),
  );
}

/** The first window of a canvas. */
function corner({ shape, data }: Tensor<'float32'>, window: number): Tensor<'float32'> {
  const [, , height = 0, width = 0] = shape;
  const out = tensor('float32', [1, 3, window, window]);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < window; y++) {
      const from = (c * height + y) * width;
      out.data.set(data.subarray(from, from + window), (c * window + y) * window);
    }
  }
  return out;
}
