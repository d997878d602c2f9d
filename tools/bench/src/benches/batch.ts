import { toOnnx } from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';
import type { Setting } from '../bench.ts';
import type { Figure } from '../figure.ts';
import { median, medianRatio, paired } from '../paired.ts';
import { windowGraph, windowPixels } from '../window-model.ts';

/** Windows per second when several go into one run, beside one at a time. */
export async function batchBench({ folder, threads, rounds, clock, model, weights }: Setting): Promise<Figure[]> {
  const file = await weights();
  const open = async (batch: number): Promise<Session> =>
    await Session.create(toOnnx(await windowGraph(file, batch)), { threads, cacheDir: folder, spinning: true, execution: 'inline' });
  await using single = await open(1);
  const one = windowPixels(1, model.side);
  const figures: Figure[] = [];
  for (const batch of [2, 4, 8]) {
    await using session = await open(batch);
    const image = windowPixels(batch, model.side);
    const times = await paired(
      rounds,
      clock,
      () => session.run({ image }),
      () => single.run({ image: one }),
    );
    figures.push({
      bench: 'batch',
      what: `${batch} windows in a run`,
      unit: 'windows/s',
      ours: (batch * 1000) / median(times.ours),
      peerName: 'one window in a run',
      peer: 1000 / median(times.peer),
      ratio: batch / medianRatio(times),
    });
  }
  return figures;
}
