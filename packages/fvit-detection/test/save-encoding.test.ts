import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { tensor, type Tensor, type VitaminError } from '@vitamin-vlm/core';
import { CLIP_NORMALIZATION_255 } from '@vitamin-vlm/image';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DetectionEncoding, loadDetectionEncoding, saveDetectionEncoding } from '../src/index.ts';

let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fvit-encoding-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const map = (shape: readonly number[]): Tensor<'float32'> => tensor('float32', shape);

function encoding(regions: number): DetectionEncoding {
  return {
    identity: { tower: 'a'.repeat(64), head: 'b'.repeat(64), heads: 'c'.repeat(64) },
    recipe: {
      size: 64,
      edge: 'longest',
      resize: 'opencv-bilinear',
      window: 32,
      stride: 16,
      placement: 'floor',
      padding: 'zeroAfter',
      normalization: CLIP_NORMALIZATION_255,
      posEmbed: 'add',
      precision: 'float32',
      proposalsPerLevel: 2000,
      proposalNms: 0.7,
      proposals: 1000,
    },
    geometry: { width: 90, height: 60, inputWidth: 64, inputHeight: 64, region: { left: 0, top: 0, width: 64, height: 43 } },
    proposals: map([regions, 4]),
    objectness: map([regions]),
    boxes: map([regions, 4]),
    classVectors: map([regions, 8]),
    clipVectors: map([regions, 8]),
  };
}

it('comes back as it was, with and without regions, pyramid and dense map', async () => {
  const whole = { ...encoding(3), pyramid: [16, 8, 4, 2].map((side) => map([1, 2, side, side])), pooled: map([8]), dense: map([8, 4, 4]) };
  whole.classVectors.data[0] = Number.NaN; // the box head's vector of a region may be zero, and have no direction
  for (const [i, one] of [whole, encoding(0)].entries()) {
    await saveDetectionEncoding(at(`${i}.safetensors`), one);
    expect(await loadDetectionEncoding(at(`${i}.safetensors`))).toEqual(one);
  }
});

it('refuses files that are none, or do not hold together', async () => {
  const { identity, recipe, geometry, proposals, objectness, boxes, classVectors, clipVectors } = encoding(3);
  const tensors = { proposals, objectness, boxes, classVectors, clipVectors };
  const metadata = {
    schema: 'vitamin.detection-encoding/1',
    identity: JSON.stringify(identity),
    recipe: JSON.stringify(recipe),
    geometry: JSON.stringify(geometry),
  };
  const infinite = tensor('float32', [3, 4], new Float32Array(12).fill(Infinity));
  const wrong: [string, Record<string, Tensor>, Record<string, string>][] = [
    ['schema', {}, { schema: 'vitamin.image-encoding/2' }],
    ['identity', {}, { identity: '{}' }],
    ['heads', {}, { identity: JSON.stringify({ tower: identity.tower }) }],
    ['recipe', {}, { recipe: JSON.stringify({ ...recipe, proposals: 'many' }) }],
    ['geometry', {}, { geometry: JSON.stringify({ ...geometry, width: 1e9 }) }],
    ['regions', { objectness: map([2]) }, {}],
    ['vectors', { clipVectors: map([3, 7]) }, {}],
    ['rank', { boxes: map([12]) }, {}],
    ['numbers', { boxes: infinite }, {}],
    ['dense', { dense: map([7, 4, 4]) }, {}],
    ['pyramid', { 'pyramid.0': map([1, 2, 4, 4]) }, {}],
  ];
  for (const [name, changed, others] of wrong) {
    await writeSafetensors(at('wrong.safetensors'), { ...tensors, ...changed }, { ...metadata, ...others });
    const code = await loadDetectionEncoding(at('wrong.safetensors')).catch((error: VitaminError) => error.code);
    expect([name, code]).toEqual([name, 'INPUT_UNREADABLE']);
  }
  const many = map([20_001, 4]);
  await writeSafetensors(at('wrong.safetensors'), { ...tensors, proposals: many }, metadata);
  await expect(loadDetectionEncoding(at('wrong.safetensors'))).rejects.toThrow(/at most 20000 regions/u);
});
