import { type Picture, resize } from '@vitamin-vlm/image';
import sharp from 'sharp';
import type { Setting } from '../bench.ts';
import type { Figure } from '../figure.ts';
import { noise } from '../noise.ts';
import { median, medianRatio, paired } from '../paired.ts';

const jobs = [
  { from: [640, 480], to: [448, 336], repeats: 20 },
  { from: [640, 480], to: [1365, 1024], repeats: 5 },
  { from: [4000, 3000], to: [448, 336], repeats: 2 },
] as const;

/** Our bicubic resize, exact with Pillow and on one thread, beside sharp's with its own default threads, from pixels to pixels. */
export async function resizeBench({ rounds, clock }: Setting): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { from, to, repeats } of jobs) {
    const picture: Picture = {
      width: from[0],
      height: from[1],
      data: Uint8Array.from(noise([from[0] * from[1] * 3], { scale: 255, offset: 128 }).data),
    };
    const [width, height] = to;
    const times = await paired(
      rounds * 3, // milliseconds each
      clock,
      () => {
        for (let i = 0; i < repeats; i++) resize(picture, width, height, 'bicubic');
      },
      async () => {
        for (let i = 0; i < repeats; i++) await resizeWithSharp(picture, width, height);
      },
    );
    figures.push({
      bench: 'resize',
      what: `${from.join(' x ')} to ${to.join(' x ')}`,
      unit: 'ms',
      ours: median(times.ours) / repeats,
      peerName: `sharp ${sharp.versions.sharp ?? ''}`.trim(),
      peer: median(times.peer) / repeats,
      ratio: medianRatio(times),
      target: { on: 'ratio', bound: 'at most', value: 1.5 },
    });
  }
  return figures;
}

async function resizeWithSharp({ width, height, data }: Picture, toWidth: number, toHeight: number): Promise<void> {
  await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(toWidth, toHeight, { kernel: 'cubic', fit: 'fill' })
    .raw()
    .toBuffer();
}
