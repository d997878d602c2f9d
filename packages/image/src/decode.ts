import { VitaminError } from '@vitamin-vlm/core';
import sharp from 'sharp';
import { rgbOfCmyk } from './cmyk.ts';
import { fillCanvas, withoutTransparency } from './gif-colors.ts';
import { checkPicture, isSide, MAX_SIDE, type Picture } from './picture.ts';
import { type ImageSource, type PixelData, readSource } from './read-source.ts';
import { sniffFormat } from './sniff-format.ts';

/** Largest picture that is decoded unless the caller says otherwise: 100 megapixels are 300 MB of RGB. */
export const MAX_PIXELS = 100_000_000;

/** No picture within the limit takes a hundredth of this; what does is made to. */
const MAX_SECONDS = 120;

/** Options of `decodeImage`. */
export interface DecodeOptions {
  /** Refuse pictures with more pixels than this, judged from the file's header before anything is decoded. Default `MAX_PIXELS`. */
  readonly maxPixels?: number | undefined;
  /** Give up after so many seconds, a whole number. Default 120. */
  readonly maxSeconds?: number | undefined;
}

/**
 * Decodes a JPEG, PNG, WebP, GIF, TIFF or AVIF picture to 8-bit RGB with its EXIF orientation applied, so that width and height are those a viewer shows.
 *
 * Color follows what Pillow's `convert('RGB')` gives the published models: alpha is dropped (never blended), palettes and gray become RGB, and an
 * embedded RGB or gray color profile is ignored. CMYK is converted with its own profile, without one by `(255 - ink) * (255 - black)`. 16-bit samples keep
 * their upper 8 bits.
 *
 * @param source a path, a `file:` URL, the bytes of a file (also as `ArrayBuffer` or `Blob`), the pixels of a canvas (`ImageData`), or a `Picture`, which is
 * checked and returned as it is.
 * @throws VitaminError `INPUT_NOT_FOUND` when there is no such file; `INPUT_UNREADABLE` for directories, empty, truncated, animated or non-image files,
 * SVG, pictures above the limit, and those that take too long; `USAGE` for a limit that is not a positive integer.
 * @example
 * ```ts
 * import { decodeImage } from '@vitamin-vlm/image';
 * const { width, height, data } = await decodeImage('street.jpg', { maxPixels: 50_000_000 });
 * console.log(width, height, data.length === width * height * 3);
 * ```
 */
export async function decodeImage(source: ImageSource, options: DecodeOptions = {}): Promise<Picture> {
  const { maxPixels = MAX_PIXELS, maxSeconds = MAX_SECONDS } = options;
  for (const [name, limit] of Object.entries({ maxPixels, maxSeconds })) {
    if (!isSide(limit)) throw new VitaminError('USAGE', `Expected ${name} to be a positive integer but received ${limit}`);
  }
  if (isPixels(source)) {
    checkSize(source.width, source.height, maxPixels, 'the picture');
    return checkPicture(isCanvas(source) ? withoutAlpha(source) : source);
  }
  const { bytes, name } = await readSource(source);
  const format = sniffFormat(bytes, name);
  tuneOnce();
  try {
    if (format !== 'gif') return await decodeBytes(bytes, name, { maxPixels, maxSeconds });
    const opaque = withoutTransparency(bytes);
    const picture = await decodeBytes(opaque?.bytes ?? bytes, name, { maxPixels, maxSeconds });
    if (opaque) fillCanvas(picture, opaque);
    return picture;
  } catch (cause) {
    if (cause instanceof VitaminError) throw cause;
    const reason = (cause instanceof Error ? cause.message : String(cause)).trim().split('\n', 1)[0]!;
    if (reason.startsWith('timeout')) {
      throw new VitaminError('INPUT_UNREADABLE', `Expected a picture that is decoded within ${maxSeconds} s but ${name} takes longer`, {
        cause,
        hint: 'No ordinary picture does: the file is made to take long, or the machine is very busy.',
      });
    }
    throw new VitaminError('INPUT_UNREADABLE', `Expected a complete picture but ${name} cannot be decoded: ${reason}`, {
      cause,
      hint: 'The file is truncated or damaged. Fetch it again, or open it in an image viewer and save it anew.',
    });
  }
}

interface Limits {
  readonly maxPixels: number;
  readonly maxSeconds: number;
}

let tuned = false;

/** libvips keeps the last 100 operations with their pixels, which only helps programs that process one picture again and again. Its thread count stays as sharp chose it. */
function tuneOnce(): void {
  if (!tuned) sharp.cache(false);
  tuned = true;
}

async function decodeBytes(bytes: Uint8Array, name: string, { maxPixels, maxSeconds }: Limits): Promise<Picture> {
  const header = await sharp(bytes, { limitInputPixels: false }).metadata();
  checkSize(header.width, header.height, maxPixels, name);
  if ((header.pages ?? 1) > 1) {
    throw new VitaminError('INPUT_UNREADABLE', `Expected one picture but ${name} is animated or has pages: ${header.pages} of them`, {
      hint: 'Save the frame that you mean as PNG or JPEG.',
    });
  }
  // Pillow's formula where there is no profile that says what the inks look like.
  const inks = header.space === 'cmyk' && !header.hasProfile && header.depth === 'uchar';
  const image = sharp(bytes, {
    failOn: 'error',
    limitInputPixels: maxPixels,
    ignoreIcc: header.space !== 'cmyk',
    // One pass from top to bottom: libvips keeps a few rows instead of the decoded file.
    sequentialRead: true,
  });
  if (inks) image.pipelineColorspace('cmyk');
  const { data, info } = await image
    .timeout({ seconds: maxSeconds })
    .autoOrient()
    .removeAlpha()
    .toColorspace(inks ? 'cmyk' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const samples = new Uint8Array(data.buffer, data.byteOffset, data.length);
  return checkPicture({ width: info.width, height: info.height, data: inks ? rgbOfCmyk(samples, info.channels) : samples });
}

function isPixels(source: ImageSource): source is Picture | PixelData {
  return typeof source === 'object' && source !== null && 'data' in source && 'width' in source;
}

function isCanvas(source: Picture | PixelData): source is PixelData {
  return source.data instanceof Uint8ClampedArray;
}

/** A canvas gives red, green, blue, alpha. The color is kept, as from files. */
function withoutAlpha({ width, height, data: rgba }: PixelData): Picture {
  if (rgba.length !== width * height * 4) {
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected ${width * height * 4} bytes of RGBA for ${width} x ${height} pixels but received ${rgba.length}`,
    );
  }
  const data = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    data[to] = rgba[from]!;
    data[to + 1] = rgba[from + 1]!;
    data[to + 2] = rgba[from + 2]!;
  }
  return { width, height, data };
}

function checkSize(width: number, height: number, maxPixels: number, name: string): void {
  if (width * height > maxPixels || Math.max(width, height) > MAX_SIDE) {
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected at most ${maxPixels} pixels and sides up to ${MAX_SIDE} but ${name} has ${width} x ${height} = ${width * height}`,
      { hint: 'Shrink the picture first, or raise maxPixels if you trust where it comes from.' },
    );
  }
}
