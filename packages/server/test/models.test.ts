import { expect, it } from 'vitest';
import { Models } from '../src/inference/models.ts';

it('computes on the provider that the server was started with', async () => {
  const provider = 'no-such-provider' as 'cpu';
  await using models = new Models({ models: { clip: 'nano' }, provider, threads: 1, cacheBytes: 1, maxPixels: 1e6 });
  const clip = await models.clip();
  const gray = { width: 96, height: 96, data: new Uint8Array(96 * 96 * 3).fill(128) };
  await expect(clip.encodeImage(gray)).rejects.toThrow(/no-such-provider/u);
});
