import { createHash } from 'node:crypto';
import { type PreparedPicture, preparePicture, scaleFactors } from '@vitamin-vlm/fvit-detection';
import { mmdetSize, type Normalization, type Picture, resize } from '@vitamin-vlm/image';
import { formulaStream } from '../formula.ts';
import type { Golden } from '../golden/golden.ts';

/** Side of the squares of one color that lie below the noise. */
const BLOCK = 10;

/** A picture made from names: three quarters in blocks, one quarter noise. */
function formulaPicture(height: number, width: number, seedSuffix: string): Picture {
  const columns = Math.ceil(width / BLOCK);
  const nextBlock = formulaStream(`image.blocks${seedSuffix}`);
  const blocks = Float64Array.from({ length: Math.ceil(height / BLOCK) * columns * 3 }, () => nextBlock() + 0.5);
  const next = formulaStream(`image${seedSuffix}`);
  const bgr = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / (3 * width))];
    const block = blocks[(Math.floor(y / BLOCK) * columns + Math.floor(x / BLOCK)) * 3 + c]!;
    return Math.floor(block * 192) + Math.floor((next() + 0.5) * 64);
  });
  return { width, height, data: swapped(bgr) };
}

/** Red and blue change places: the original program holds pictures as OpenCV does. */
function swapped(bytes: Uint8Array): Uint8Array {
  return bytes.map((_, i) => bytes[i - (i % 3) + 2 - (i % 3)]!);
}

/** Makes the picture of a golden file and prepares it; compares every step. `own`: what the file's `config` does not say. */
export async function goldenPicture(
  golden: Golden,
  seedSuffix: string,
  own?: { readonly canvas: readonly [number, number]; readonly normalization: Normalization },
): Promise<PreparedPicture> {
  const image = golden.at('image');
  const [height, width] = image.at('originalHW').takeNumbers() as [number, number];
  const picture = formulaPicture(height, width, seedSuffix);
  compareBytes(image, { hash: 'sha256', first: 'first12' }, swapped(picture.data));
  const [canvasHeight, canvasWidth] = own?.canvas ?? (golden.at('config', 'canvas').takeNumbers() as [number, number]);
  const scale = own?.canvas.slice(0, 2) ?? golden.at('config', 'resizeScale').takeNumbers();
  const [long, short] = [Math.max(...scale), Math.min(...scale)];
  const size = mmdetSize(picture, long, short);
  const resized = swapped(resize(picture, size.width, size.height, 'opencv-bilinear').data);
  compareBytes(image, { hash: 'resizedSha256', first: 'resizedFirst12' }, resized);
  image.at('resizedSum').equal(resized.reduce((sum, byte) => sum + byte, 0));
  const prepared = await preparePicture(picture, {
    scale: [long, short],
    width: canvasWidth,
    height: canvasHeight,
    normalization: own?.normalization,
  });
  const { region, inputHeight, inputWidth } = prepared.geometry;
  image.at('resizedHW').equal([region.height, region.width]);
  image.at('imgShape').equal([region.height, region.width, 3]);
  image.at('padShape').equal([inputHeight, inputWidth, 3]);
  const factors = scaleFactors(prepared.geometry);
  image.at('scaleFactor').numbers([factors.x, factors.y, factors.x, factors.y]);
  if (golden.has('input')) golden.at('input').tensor(prepared.pixels);
  return prepared;
}

function compareBytes(golden: Golden, names: { readonly hash: string; readonly first: string }, bytes: Uint8Array): void {
  golden.at(names.hash).equal(createHash('sha256').update(bytes).digest('hex'));
  golden.at(names.first).equal(bytes.subarray(0, 12));
}
