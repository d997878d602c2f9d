import type { Tensor } from '@vitamin-vlm/core';
import { Graph, matmul, slice, toOnnx } from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';
import { type Setting, targetOfLarge } from '../bench.ts';
import type { Figure } from '../figure.ts';
import { multiplications } from '../multiplications.ts';
import { noise } from '../noise.ts';
import { median, medianRatio, paired } from '../paired.ts';
import { windowGraph, windowPixels } from '../window-model.ts';

/** Rows, inner and outer extent of the peers: the tokens of one window, and of four, times the widest matrix of a Transformer block. */
const products = [
  [441, 1024, 4096],
  [1764, 1024, 4096],
] as const;

/** Arithmetic speed of the whole tower beside that of a bare matrix product: what everything around the products costs. */
export async function windowBench({ folder, threads, rounds, clock, model, weights }: Setting): Promise<Figure[]> {
  const graph = await windowGraph(await weights(), 1);
  const work = 2 * multiplications(graph);
  // Spinning is on by default only for as many threads as there are cores; here one session runs at a time.
  const options = { threads, spinning: true, execution: 'inline' } as const;
  await using tower = await Session.create(toOnnx(graph), { ...options, cacheDir: folder });
  const image = windowPixels(1, model.side);
  const figures: Figure[] = [];
  for (const [rows, inner, columns] of products) {
    await using product = await Session.create(productModel(rows, inner, columns), options);
    const x = noise([rows, inner], { scale: 2 });
    const once = 2 * rows * inner * columns;
    const repeats = Math.max(1, Math.round(work / once)); // as much arithmetic as the tower's
    const times = await paired(
      rounds,
      clock,
      () => tower.run({ image }),
      () => repeat(product, { x }, repeats),
    );
    figures.push({
      bench: 'window',
      what: `ViTamin ${model.size}, one ${model.side} x ${model.side} window, fp32`,
      unit: 'GFLOP/s',
      ours: work / median(times.ours) / 1e6,
      peerName: `MatMul ${rows} x ${inner} x ${columns}`,
      peer: (once * repeats) / median(times.peer) / 1e6,
      ratio: work / (once * repeats) / medianRatio(times),
      ...targetOfLarge(model, { on: 'ratio', bound: 'at least', value: 0.8 }),
      note: `${(work / 2e9).toFixed(2)} G multiply-accumulates in a window`,
    });
  }
  return figures;
}

/** Only one row leaves the graph: fresh memory for every result would cost the product up to a tenth of its speed. */
function productModel(rows: number, inner: number, columns: number): Uint8Array {
  const graph = new Graph('product');
  const weight = graph.constant(noise([inner, columns], { scale: 2 }));
  const y = matmul(graph.input('x', 'float32', [rows, inner]), weight);
  graph.output('row', slice(y, { axis: 0, start: 0, end: 1 }));
  return toOnnx(graph).bytes;
}

async function repeat(session: Session, feeds: Record<string, Tensor>, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await session.run(feeds);
}
