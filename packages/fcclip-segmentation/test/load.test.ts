import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors, writeTorchArchive } from '@vitamin-vlm/checkpoint';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSegmenter, saveSegmenter } from '../src/index.ts';
import { CLIP, headTensors, prefixed, tinyClip, tinySegmenter } from './support/tiny-segmenter.ts';

let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fcclip-load-'));
  await writeTorchArchive(at('clip.pt'), tinyClip());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Opens a segmenter with some tensors changed. */
async function openChanged(change: (tensors: Map<string, Tensor>) => void): Promise<unknown> {
  const tensors = tinySegmenter();
  change(tensors);
  await saveSegmenter(at('changed.pth'), tensors);
  return await openSegmenter(at('changed.pth'), { cacheDir: false });
}

/** Decoders for a wider map at stride 8. */
function widened(tensors: Map<string, Tensor>): void {
  tensors.set('global_pos_embed.res3', tensor('float32', [1, 17, 8, 8]));
  tensors.set('sem_seg_head.pixel_decoder.input_proj.2.0.weight', tensor('float32', [32, 17, 1, 1]));
}

describe('opens every layout with one identity', () => {
  it('a bare state dict, the dict of a trainer, names below module., the buffer of the loss, and safetensors', async () => {
    const state = { state: { 0: { step: 1, exp_avg: tensor('float32', [2]) } }, param_groups: [{ lr: 0.0001 }] };
    const whole = new Map<string, Tensor>([...tinySegmenter(), ['criterion.empty_weight', tensor('float32', [134])]]);
    await writeTorchArchive(at('bare.pth'), whole);
    await writeTorchArchive(at('trainer.pth'), {
      model: Object.fromEntries(whole),
      iteration: 294_999,
      trainer: { iteration: 294_999, _trainer: { iteration: 294_999, optimizer: state } },
    });
    await writeTorchArchive(at('parallel.pth'), { model: Object.fromEntries(prefixed(whole, 'module.')), optimizer: state, iteration: 1 });
    await writeSafetensors(at('plain.safetensors'), Object.fromEntries(tinySegmenter()));
    const opened = [];
    for (const name of ['bare.pth', 'trainer.pth', 'parallel.pth', 'plain.safetensors']) {
      opened.push(await openSegmenter(at(name), { cacheDir: false }));
    }
    for (const { identity, classes, things, settings, config } of opened) {
      expect(identity).toEqual(opened[0]!.identity);
      expect([classes.length, things.filter(Boolean).length, settings.alpha, settings.beta]).toEqual([133, 80, 0.45, 0.7]);
      expect(config).toMatchObject({ queries: 10, heads: 4, canvas: { width: 64, height: 64 } });
    }
    expect(opened[0]!.origin).toBe('The decoders come from bare.pth, the image tower from bare.pth, there is no text tower.');
  });

  it('decoders alone with the CLIP model from its own file, and a tower that stands in both', async () => {
    await saveSegmenter(at('heads.pth'), headTensors());
    const split = await openSegmenter(at('heads.pth'), { tower: at('clip.pt'), cacheDir: false });
    expect(split.origin).toBe('The decoders come from heads.pth, the image tower from clip.pt, the text tower from clip.pt.');
    await saveSegmenter(at('whole.pth'), tinySegmenter());
    const both = await openSegmenter(at('whole.pth'), { tower: at('clip.pt'), cacheDir: false });
    expect(both.identity).toEqual(split.identity);
    expect(both.origin).toBe('The decoders come from whole.pth, the image tower from whole.pth, the text tower from clip.pt.');
  });

  it('a file of this project, with its own classes and settings', async () => {
    const classes = [
      { name: 'cat', synonyms: ['cat', 'kitten'] },
      { name: 'sky', synonyms: ['sky'] },
    ];
    const settings = { alpha: 0.2, stride: 16 };
    await saveSegmenter(at('own.pth'), tinySegmenter(), { classes, things: [true, false], settings, iteration: 7 });
    const opened = await openSegmenter(at('own.pth'), { cacheDir: false });
    expect(opened).toMatchObject({ classes, things: [true, false], settings: { alpha: 0.2, beta: 0.7 }, read: { stride: 16 } });
  });
});

describe('refuses', () => {
  it('weights that do not fit, naming each tensor', async () => {
    const predictor = 'sem_seg_head.predictor.';
    const changes: [(tensors: Map<string, Tensor>) => void, RegExp][] = [
      [
        (tensors) => tensors.delete(`${predictor}decoder_norm.bias`),
        /missing {4}sem_seg_head\.predictor\.decoder_norm\.bias: expected \[32\]/u,
      ],
      [
        (tensors) => tensors.set(`${predictor}level_embed.weight`, tensor('float32', [4, 32])),
        /mismatched sem_seg_head\.predictor\.level_embed\.weight: expected \[3, 32\], found \[4, 32\]/u,
      ],
      [(tensors) => tensors.set('sem_seg_head.extra', tensor('float32', [1])), /unused {5}sem_seg_head\.extra/u],
      [
        (tensors) => tensors.delete(`${CLIP}visual.trunk.blocks.0.norm1.weight`),
        /missing {4}backbone\.clip_model\.visual\.trunk\.blocks\.0\.norm1\.weight/u,
      ],
      [
        (tensors) => tensors.set('void_embedding.weight', tensor('float32', [1, 32], new Float32Array(32).fill(Number.NaN))),
        /not finite void_embedding\.weight/u,
      ],
    ];
    for (const [change, message] of changes) await expect(openChanged(change)).rejects.toThrow(message);
  });

  it('other networks, decoders alone, a tower of other widths, another tower, and a file that is not there', async () => {
    await expect(openSegmenter(at('clip.pt'), { cacheDir: false })).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    await saveSegmenter(at('heads.pth'), headTensors());
    await expect(openSegmenter(at('heads.pth'), { cacheDir: false })).rejects.toMatchObject({ code: 'WEIGHTS_MISSING' });
    await expect(openChanged(widened)).rejects.toThrow(
      /Expected a tower with maps of 8, 17, 64 channels and 32 dimensions but .* has 8, 16, 64/u,
    );
    await writeTorchArchive(at('other.pt'), tinyClip(2));
    await saveSegmenter(at('whole.pth'), tinySegmenter());
    await expect(openSegmenter(at('whole.pth'), { tower: at('other.pt'), cacheDir: false })).rejects.toThrow(
      /differs {4}backbone\.clip_model\.visual\.trunk\./u,
    );
    await expect(openSegmenter(at('absent.pth'))).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  });
});
