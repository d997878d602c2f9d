import { floatToHalf } from '@vitamin-vlm/core';
import { LLAVA_PAD_COLOR, padToSquare, type Picture, resize, shortestEdgeSize } from '@vitamin-vlm/image';
import { type PictureRule, preparePicture, squarePicture } from '@vitamin-vlm/llava-bridge';
import type { GoldenChecker } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import { bytesOf, formulaPicture, sha256 } from './picture.ts';

/** Preparing pictures: padding, Pillow's bicubic, cutting, normalizing, every byte and every bit. */
export const llavaPreprocess: GoldenChecker = async (golden) => {
  golden.at('versions').take();
  golden.at('padColour').equal(LLAVA_PAD_COLOR);
  for (const row of rows(golden, 'cases')) await compareCase(row, sourceOf(row));
  for (const row of rows(golden, 'modes')) await compareCase(row, convert(sourceOf(row), row.at('variant').takeText()));
  for (const row of rows(golden, 'originalFails')) await compareNarrow(row);
  // What the original gets wrong where it forgets to convert.
  golden.at('unconvertedPad').take();
  for (const row of rows(golden, 'bicubic')) {
    const [from, to] = [row.at('from').takeNumbers(), row.at('to').takeNumbers()] as [[number, number], [number, number]];
    const { data } = resize(formulaPicture('prep.bicubic', ...from), ...to, 'bicubic');
    row.at('sha256').equal(sha256(data));
    row.at('first12').equal(data.subarray(0, 12));
    if (row.has('bytes')) row.at('bytes').equal(data);
  }
};

function rows(golden: Golden, name: string): Golden[] {
  const list = golden.at(name);
  return list.keys().map((i) => list.at(i));
}

function sourceOf(row: Golden): Picture {
  return formulaPicture(row.at('image').takeText(), row.at('width').takeNumber(), row.at('height').takeNumber());
}

async function compareCase(row: Golden, picture: Picture): Promise<void> {
  const rule = row.at('mode').takeText() as PictureRule;
  const size = row.at('S').takeNumber();
  row.at('inputSha256').equal(sha256(picture.data));
  const padded = rule === 'pad' ? padToSquare(picture, LLAVA_PAD_COLOR) : picture;
  if (row.has('paddedSize')) comparePicture(row, 'padded', padded);
  const { width, height } = shortestEdgeSize(padded, size);
  comparePicture(row, 'resized', resize(padded, width, height, 'bicubic'));
  row.at('cropOrigin').equal([Math.floor((width - size) / 2), Math.floor((height - size) / 2)]);
  const cropped = await squarePicture(picture, size, rule);
  row.at('croppedSha256').equal(sha256(cropped.data));
  for (const i of row.at('croppedBytes').keys()) row.at('croppedBytes', i).equal(cropped.data[Number(i)]);
  const pixels = await preparePicture(picture, size, rule);
  const hash = sha256(bytesOf(pixels.data));
  row.at('floatRuleBitExact').equal(hash === row.at('pixelsF32Sha256').value);
  row.at('pixelsF32Sha256').equal(hash);
  row.at('pixelsF16Sha256').equal(sha256(bytesOf(Uint16Array.from(pixels.data, floatToHalf))));
  row.at('pixels').tensor(pixels);
}

function comparePicture(row: Golden, name: string, { width, height, data }: Picture): void {
  row.at(`${name}Size`).equal([width, height]);
  row.at(`${name}Sha256`).equal(sha256(data));
}

/** Pictures of height 1 or 3, which the original takes for another order of axes: here they are like any other. */
async function compareNarrow(row: Golden): Promise<void> {
  const picture = formulaPicture('prep.image', row.at('width').takeNumber(), row.at('height').takeNumber());
  const pixels = await preparePicture(picture, 336, row.at('mode').takeText() as PictureRule);
  if (row.has('result')) row.at('result').equal(pixels.shape);
  else row.at('error').take();
}

/** Pictures of other modes, as Pillow's `convert('RGB')` makes them. */
function convert(picture: Picture, variant: string): Picture {
  const { data } = picture;
  const mode = /^\w+/u.exec(variant)?.[0];
  if (mode === 'RGBA') return picture;
  // Black is the first channel once more: 255 - k, less its share of each ink.
  const ink = (i: number): number => {
    const light = 255 - data[i - (i % 3)]!;
    const product = data[i]! * light + 128;
    return light - (((product >> 8) + product) >> 8);
  };
  return { ...picture, data: data.map((_, i) => (mode === 'CMYK' ? ink(i) : data[i - (i % 3)]!)) };
}
