import { cosineSimilarity } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';
import { toOnnx } from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';
import { type Setting, targetOfLarge } from '../bench.ts';
import type { Figure } from '../figure.ts';
import { median, medianRatio, paired } from '../paired.ts';
import { windowGraph, windowPixels } from '../window-model.ts';

/** The tower with matrices in 8 bits beside the same in float32: how much faster, and how near. */
export async function precisionBench({ folder, threads, rounds, clock, model, weights }: Setting): Promise<Figure[]> {
  const file = await weights();
  const open = async (precision: 'float32' | 'int8'): Promise<Session> => {
    const graph = await windowGraph(file, 1, { precision, cacheDir: folder });
    return await Session.create(toOnnx(graph), { threads, cacheDir: folder, spinning: true, execution: 'inline' });
  };
  await using coarse = await open('int8');
  await using full = await open('float32');
  const image = windowPixels(1, model.side);
  const times = await paired(
    rounds,
    clock,
    () => coarse.run({ image }),
    () => full.run({ image }),
  );
  const embed = async (session: Session): Promise<Tensor<'float32'>> => (await session.run({ image }))['embedding'] as Tensor<'float32'>;
  const cosine = cosineSimilarity(await embed(coarse), await embed(full)).data[0]!;
  const figure = { bench: 'precision', peerName: 'float32' };
  return [
    {
      ...figure,
      what: `ViTamin ${model.size}, one ${model.side} x ${model.side} window, int8`,
      unit: 'windows/s',
      ours: 1000 / median(times.ours),
      peer: 1000 / median(times.peer),
      ratio: 1 / medianRatio(times),
      ...targetOfLarge(model, { on: 'ratio', bound: 'at least', value: 2 }),
    },
    {
      ...figure,
      what: 'cosine of its embedding with that of float32',
      unit: '',
      ours: cosine,
      peer: 1,
      ratio: cosine,
      target: { on: 'ratio', bound: 'at least', value: 0.999 },
      note: `cosine ${cosine.toFixed(5)}`,
    },
  ];
}
