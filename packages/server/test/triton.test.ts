import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Backbone, ClipTokenizer, normalizeRows } from '@vitamin-vlm/backbone';
import { tensor } from '@vitamin-vlm/core';
import { decodeImage, toTensor } from '@vitamin-vlm/image';
import { exportTriton } from '@vitamin-vlm/server';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const picture = fileURLToPath(new URL('../../../tools/first-run/pictures/farm.png', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitamin-triton-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const load = (name: string): Promise<InferenceSession> => InferenceSession.create(join(folder, 'models', name, '1/model.onnx'));

describe('a model repository for Triton', () => {
  it('holds a graph, its weights and a configuration for each model', async () => {
    expect(await exportTriton('nano', join(folder, 'models'))).toEqual(['image-tower', 'text-tower', 'words', 'classify']);
    expect((await readdir(join(folder, 'models'))).toSorted()).toEqual(['classify', 'image-tower', 'text-tower', 'words']);
    const config = await readFile(join(folder, 'models/image-tower/config.pbtxt'), 'utf8');
    expect(config).toContain('input [ { name: "pixels" data_type: TYPE_UINT8 dims: [ 96, 96, 3 ] } ]');
    expect(config).toContain('dynamic_batching { }');
    expect(await readFile(join(folder, 'models/text-tower/config.pbtxt'), 'utf8')).toContain('dims: [ -1, 77 ]');
    await expect(exportTriton('nano', join(folder, 'models'))).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('computes what the library computes, for any number of pictures, from bytes', async () => {
    await using backbone = await Backbone.load('nano');
    const image = await decodeImage(picture);
    const square = Uint8Array.from({ length: 96 * 96 * 3 }, (_, i) => image.data[i]!);
    const two = new Uint8Array(2 * square.length);
    two.set(square);
    two.set(image.data.subarray(5000, 5000 + square.length), square.length);
    const pixels = tensor('float32', [2, 3, 96, 96]);
    for (let n = 0; n < 2; n++) {
      const one = { width: 96, height: 96, data: two.subarray(n * square.length, (n + 1) * square.length) };
      toTensor(one, { into: { data: pixels.data, offset: n * square.length } });
    }
    const expected = await backbone.embedPixels(pixels);
    const { embedding } = await (await load('image-tower')).run({ pixels: new OrtTensor('uint8', two, [2, 96, 96, 3]) });
    const unit = normalizeRows(expected).data;
    for (const [i, value] of (embedding!.data as Float32Array).entries()) expect(value).toBeCloseTo(unit[i]!, 5);
    const tokenizer = await ClipTokenizer.load();
    const { ids, eot } = tokenizer.tokenize(['a sheep', 'a red truck']);
    const texts = await (
      await load('text-tower')
    ).run({
      ids: new OrtTensor('int32', Int32Array.from(ids.data), [2, 77]),
      ends: new OrtTensor(
        'int32',
        Int32Array.from(eot, (end, n) => n * 77 + end),
        [2],
      ),
    });
    const { probabilities } = await (await load('words')).run({ embedding: embedding!, words: texts['embedding']! });
    expect(probabilities!.dims).toEqual([2, 2]);
    expect((probabilities!.data as Float32Array).reduce((sum, value) => sum + value, 0)).toBeCloseTo(2, 5);
  });
});
