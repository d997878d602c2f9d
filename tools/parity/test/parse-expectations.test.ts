import { VitaminError } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { parseExpectations } from '../src/index.ts';

const T = { mean: 0.5, samples: { 3: 1 } };
const text = { width: 64, heads: 2, layers: 3, embedDim: 48, ids: [[49_406, 49_407]], features: T };
const sliding = { model: 'nano', height: 96, width: 112, window: 64, stride: 24, os4: T };

function errorOf(file: unknown): VitaminError {
  try {
    parseExpectations(typeof file === 'string' ? file : JSON.stringify(file));
  } catch (error) {
    if (error instanceof VitaminError) return error;
    throw error;
  }
  throw new Error('Expected an error');
}

it('reads every section, with notes, absent fields and both ways to write a name', () => {
  const file = {
    note: 'a text anywhere is a note',
    image: { 'vitamin-small-224': { tokens: T, embedding: null }, vitamin_xlarge_384: { normalized: { shape: [1, 1152], by: 'timm' } } },
    text: [text],
    sliding: [sliding],
    clip: [{ model: 'vitamin-small-224-ltt', ids: [[1]], logits: T }],
    positions: [{ from: [4, 4], to: [6, 6], dim: 2, resized: T }],
  };
  const all = parseExpectations(JSON.stringify(file));
  expect(all.map(({ kind }) => kind)).toEqual(['image', 'image', 'text', 'sliding', 'clip', 'positions']);
  expect([...all[0]!.tensors]).toEqual([['tokens', { mean: 0.5, samples: [[3, 1]] }]]);
  expect(all[1]).toMatchObject({ model: { name: 'vitamin-xlarge-384', imageSize: 384 } });
  expect(all[4]).toMatchObject({ model: { image: { embedDim: 768 }, text: { width: 768 }, textNames: 'custom' } });
  expect(all[5]).toMatchObject({ antialias: true });
});

it.each([
  ['{"image":', /^Expected JSON but found/],
  [[], 'Expected an object at the top but found []'],
  [{}, /^Expected one of the sections image, text, sliding, clip, positions at the top/],
  [{ images: {} }, 'Expected only the sections image, text, sliding, clip, positions at the top but found "images"'],
  [{ toString: [] }, /^Expected only the sections/],
  [{ image: { nano: { tokens: 3 } } }, 'Expected an object at image.nano.tokens but found 3'],
  [{ image: { nano: { tokens: {} } } }, /^Expected at least one of shape, mean, .* at image.nano.tokens/],
  [{ image: { nano: { tokens: { sinsum: 1 } } } }, /^Expected only shape, .* at image.nano.tokens but found "sinsum"/],
  [{ image: { nano: { tokens: { mean: '1' } } } }, 'Expected a number at image.nano.tokens.mean but found "1"'],
  [{ image: { nano: { tokens: { samples: { '-1': 0 } } } } }, 'Expected flat indices at image.nano.tokens.samples but found "-1"'],
  [{ image: { nano: { tokens: { shape: [1.5] } } } }, /^Expected a whole number .* at image.nano.tokens.shape\[0\] but found 1.5/],
  [{ image: { nano: { 'blocks.3': T } } }, /^Expected tensors among .*blocks.2, tokens.* but found "blocks.3"/],
  [{ text: {} }, 'Expected a list at text but found {}'],
  [{ text: [{ ...text, heads: 3 }] }, 'Expected a divisor of the width 64 at text[0].heads but found 3'],
  [{ text: [{ ...text, ids: [[49_408]] }] }, 'Expected a whole number from 0 to 49407 at text[0].ids[0][0] but found 49408'],
  [{ text: [{ ...text, ids: [Array(78).fill(1)] }] }, 'Expected 1 to 77 token ids at text[0].ids[0] but found 78'],
  [{ text: [{ ...text, layers: undefined }] }, 'Expected a whole number from 1 to 64 at text[0].layers but found nothing'],
  [{ sliding: [{ ...sliding, window: 60 }] }, 'Expected a multiple of 16 at sliding[0].window but found 60'],
  [{ sliding: [{ ...sliding, height: 48 }] }, 'Expected a side of at least 64 pixels, the window, but received 48'],
  [{ sliding: [{ ...sliding, width: 1e6 }] }, /^Expected a whole number from 1 to 4096 at sliding\[0\].width/],
  [{ positions: [{ from: [4], to: [6, 6], dim: 2 }] }, 'Expected [height, width] at positions[0].from but found [4]'],
])('refuses %j', (file, message) => {
  const error = errorOf(file);
  expect(error.message).toMatch(message);
  expect(error.code).toBe('USAGE');
});

it('names the models it knows', () => {
  const error = errorOf({ image: { 'vitamin-huge-224': { tokens: T } } });
  expect(error).toMatchObject({ code: 'MODEL_UNKNOWN', message: 'Expected the name of a published model but received "vitamin-huge-224"' });
  expect(error.hint).toMatch(/^Names: nano, vitamin-small-224, .*vitamin-xlarge-384\.$/);
});
