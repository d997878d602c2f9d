import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { tensor } from '@vitamin-vlm/core';
import { SessionPool } from '@vitamin-vlm/runtime';
import { beforeAll, expect, it } from 'vitest';
import { Backbone } from '../src/backbone/backbone.ts';
import { temporaryFolder } from './support/folder.ts';
import { noisePicture, tinyText, tinyWeights } from './support/tiny-model.ts';

const folder = temporaryFolder();
beforeAll(async () => {
  await writeSafetensors(folder('tiny.safetensors'), tinyWeights(tinyText.vocabulary));
});

it('shares a bounded pool between models, and holds the bound', async () => {
  await using sessions = new SessionPool({ threads: 1, cacheDir: folder('cache'), maxBytes: 70e6 });
  await using first = await Backbone.load(folder('tiny.safetensors'), { cacheDir: folder('cache'), sessions });
  await using skipping = await Backbone.load(folder('tiny.safetensors'), { cacheDir: folder('cache'), sessions, posEmbed: 'skip' });
  const picture = noisePicture(40, 40);
  const { pooled } = await first.encodeImage(picture);
  expect((await skipping.encodeImage(picture)).pooled.data).not.toEqual(pooled.data);
  for (const window of [16, 48, 64, 80]) {
    await first.features(picture, { window, levels: ['final'] });
    expect(sessions.bytes).toBeLessThanOrEqual(70e6);
    expect(sessions.keys.length).toBeLessThanOrEqual(3);
    expect(sessions.keys.at(-1)).toMatchObject({ height: window, width: window });
  }
  await first.close();
  expect((await skipping.encodeImage(picture)).pooled.shape).toEqual([32]);
});

it('takes no words from a model that differs in two rows of its tokens, though both share a cache', async () => {
  const weights = tinyWeights(tinyText.vocabulary);
  const tokens = weights.get('text.token_embedding.weight')!;
  const rows = tensor('float32', tokens.shape, tokens.data.slice());
  // CLIP's numbers of "sheep" and "truck".
  const [sheep, truck] = [9629, 4629].map((id) => tokens.data.subarray(id * tinyText.width, (id + 1) * tinyText.width));
  rows.data.set(truck!, 9629 * tinyText.width);
  rows.data.set(sheep!, 4629 * tinyText.width);
  await writeSafetensors(folder('swapped.safetensors'), new Map([...weights, ['text.token_embedding.weight', rows]]));
  const embed = async (file: string, cacheDir: string | false): Promise<Float32Array> => {
    await using backbone = await Backbone.load(folder(file), { cacheDir: folder('cache'), threads: 1, execution: 'inline' });
    return (await backbone.vocabulary(['sheep', 'truck'], { cacheDir, prompts: ['{}'] })).embeddings.data;
  };
  const right = await embed('tiny.safetensors', false);
  const swapped = await embed('swapped.safetensors', folder('words'));
  expect(swapped).not.toEqual(right);
  expect(await embed('tiny.safetensors', folder('words'))).toEqual(right);
  expect(await embed('swapped.safetensors', folder('words'))).toEqual(swapped);
});

it('warns of no leak when twenty ask at once', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): number => warnings.push(warning);
  process.on('warning', note);
  const { signal } = new AbortController();
  await using backbone = await Backbone.load(folder('tiny.safetensors'), { cacheDir: folder('cache'), threads: 1 });
  const vocabulary = await backbone.vocabulary(['cat', 'dog'], { cacheDir: false });
  await Promise.all(Array.from({ length: 20 }, () => backbone.classify(noisePicture(40, 40), vocabulary, { signal })));
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  process.off('warning', note);
  expect(warnings).toEqual([]);
});

it('closes once and for all', async () => {
  const other = await Backbone.load(folder('tiny.safetensors'), { cacheDir: folder('cache'), threads: 1 });
  const running = other.encodeImage(noisePicture(40, 200), { dense: true });
  await Promise.all([other.close(), other.close()]);
  expect((await running).dense?.shape).toEqual([32, 10, 2]);
  await other.close();
  await expect(other.encodeImage(noisePicture(40, 40))).rejects.toMatchObject({ code: 'USAGE' });
  await expect(other.embedTexts(['a cat'])).rejects.toMatchObject({ code: 'USAGE' });
});
