import { toOnnx } from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';
import type { Setting } from '../bench.ts';
import type { Figure } from '../figure.ts';
import { median, medianRatio, paired } from '../paired.ts';
import { windowGraph, windowPixels, windowSides, writeWeights } from '../window-model.ts';

/**
 * One window of the smallest towers on TensorFlow.js beside the same on ONNX Runtime. Both backends of TensorFlow.js that npm alone brings use one thread, so
 * ONNX Runtime has one here too. With `--model nano` the smallest alone: a window of ViTamin-S takes the cpu backend many seconds.
 */
export async function enginesBench({ folder, rounds, clock, model }: Setting): Promise<Figure[]> {
  const figures: Figure[] = [];
  const sizes = model.size === 'nano' ? (['nano'] as const) : (['nano', 'small'] as const);
  for (const size of sizes) {
    const side = windowSides[size];
    const graph = toOnnx(await windowGraph(await writeWeights(folder, { size, side }), 1));
    const image = windowPixels(1, side);
    const options = { threads: 1, cacheDir: folder, execution: 'inline' } as const;
    await using own = await Session.create(graph, options);
    for (const provider of ['tfjs-wasm', 'tfjs-cpu'] as const) {
      await using guest = await Session.create(graph, { ...options, provider });
      const times = await paired(
        rounds,
        clock,
        () => guest.run({ image }),
        () => own.run({ image }),
      );
      figures.push({
        bench: 'engines',
        what: `ViTamin ${size}, one ${side} x ${side} window, ${guest.provider}`,
        unit: 'windows/s',
        ours: 1000 / median(times.ours),
        peerName: 'ONNX Runtime, one thread',
        peer: 1000 / median(times.peer),
        ratio: 1 / medianRatio(times),
      });
    }
  }
  return figures;
}
