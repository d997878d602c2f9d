import { renderScene } from '@vitamin-vlm/picture-world';
import { expect, it } from 'vitest';
import { Models } from '../src/inference/models.ts';

it('computes on the provider that the server was started with', async () => {
  const provider = 'no-such-provider' as 'cpu';
  await using models = new Models({ models: { clip: 'nano' }, provider, threads: 1, cacheBytes: 1, maxPixels: 1e6 });
  const clip = await models.clip();
  await expect(clip.encodeImage(renderScene(1, { width: 96 }).picture)).rejects.toThrow(/no-such-provider/u);
});
