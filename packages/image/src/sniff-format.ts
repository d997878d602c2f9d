import { VitaminError } from '@vitamin-vlm/core';

/** How the accepted formats begin. Nothing else reaches the decoders, so that no script, font or XML parser ever sees a user's file. */
const ACCEPTED: readonly (readonly [format: string, pattern: RegExp])[] = [
  ['jpeg', /^\xff\xd8\xff/],
  ['png', /^\x89PNG\r\n[^]\n/],
  ['webp', /^RIFF[^]{4}WEBP/],
  ['gif', /^GIF8[79]a/],
  ['tiff', /^(II\*\0|MM\0\*)/],
  ['avif', /^[^]{4}ftyp(avif|mif1)/],
];

/** Files that people pass by mistake, with the advice that helps. */
const REFUSED: readonly (readonly [what: string, pattern: RegExp, hint: string])[] = [
  ['an SVG or XML document', /^(\xef\xbb\xbf)?\s*<(\?xml|svg|!--|!DOCTYPE svg)/i, 'Render it to PNG first.'],
  [
    'a web page',
    /^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)/i,
    'The server sent a page instead of the picture: check the address and fetch it again.',
  ],
  ['a Git LFS pointer', /^version https:\/\/git-lfs/, 'Run `git lfs pull` to fetch the picture itself.'],
  ['a PDF document', /^%PDF/, 'Export the page as PNG or JPEG first.'],
  ['an animation', /^[^]{4}ftypavis/, 'Save the frame that you mean as PNG or JPEG.'],
  ['an HEIC photo', /^[^]{4}ftyp(heic|heix|hevc|heim|heis|hevm|hevs)/, 'Save it as JPEG or PNG first.'],
  ['a BMP picture', /^BM/, 'Save it as PNG first.'],
];

/**
 * Names the format of a picture file from its first bytes.
 *
 * @throws VitaminError `INPUT_UNREADABLE` for anything but a still JPEG, PNG, WebP, GIF, TIFF or AVIF file.
 */
export function sniffFormat(bytes: Uint8Array, name: string): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256)).toString('latin1');
  const format = ACCEPTED.find(([, pattern]) => pattern.test(head))?.[0];
  if (format === undefined) {
    const known = REFUSED.find(([, pattern]) => pattern.test(head));
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected a JPEG, PNG, WebP, GIF, TIFF or AVIF picture but ${name} is ${known?.[0] ?? 'none of these'}`,
      {
        hint: known?.[2] ?? 'Check that this is the file you meant, or save the picture as PNG or JPEG.',
      },
    );
  }
  if (format === 'png' && isAnimatedPng(bytes)) {
    throw new VitaminError('INPUT_UNREADABLE', `Expected one picture but ${name} is an animated PNG`, {
      hint: 'Save the frame that you mean as a still PNG.',
    });
  }
  return format;
}

/** The animation control chunk must stand before the first image data (APNG specification). libvips does not report it. */
function isAnimatedPng(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const control = buffer.indexOf('acTL', 8, 'latin1');
  return control >= 0 && control < buffer.indexOf('IDAT', 8, 'latin1');
}
