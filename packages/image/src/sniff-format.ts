import { VitaminError } from '@vitamin-vlm/core';
import { countScans, isAnimatedPng, isLabTiff } from './inspect-format.ts';

/** How the accepted formats begin. Nothing else reaches the decoders, so that no script, font or XML parser ever sees a user's file. */
const ACCEPTED: readonly (readonly [format: string, pattern: RegExp])[] = [
  ['jpeg', /^\xff\xd8\xff/],
  ['png', /^\x89PNG\r\n[^]\n/],
  ['webp', /^RIFF[^]{4}WEBP/],
  ['gif', /^GIF8[79]a/],
  // BigTIFF says 43 where TIFF says 42.
  ['tiff', /^(?:II[*+]\0|MM\0[*+])/],
  ['avif', /^[^]{4}ftyp(?:avif|[^]{8}(?:[^]{4})*avif)/],
];

/** A progressive JPEG has ten scans or so. Each one costs a pass over all pixels, however few bytes it takes. */
const MAX_SCANS = 100;

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
  // A phone may write any of these as the first brand, and the codec among those behind it.
  [
    'an HEIC photo',
    /^[^]{4}ftyp(?:[^]{8})?(?:[^]{4})*(?:hei[cxms]|hev[cxms])/,
    'Save it as JPEG or PNG first: phones and photo programs export it so.',
  ],
  ['a HEIF file', /^[^]{4}ftyp(?:mif[12]|msf1|miaf|heif)/, 'Save it as JPEG or PNG first.'],
  ['a Canon raw photo', /^[^]{4}ftypcrx/, 'Export it as JPEG or TIFF first.'],
  ['a video', /^(?:[^]{4}(?:ftyp|moov|mdat)|[^ -\xff]E\xdf\xa3|RIFF[^]{4}AVI )/, 'Save the frame that you mean as PNG or JPEG.'],
  ['a JPEG XL picture', /^(?:\xff\n|[^]{4}JXL )/, 'Save it as JPEG or PNG first.'],
  ['a JPEG 2000 picture', /^(?:[^]{4}jP {2}|\xff\x4f\xff\x51)/, 'Save it as JPEG or PNG first.'],
  ['a Photoshop document', /^8BPS/, 'Export it as PNG or JPEG first.'],
  ['an icon', /^\0\0[^ -\xff]\0/, 'Save it as PNG first.'],
  ['a BMP picture', /^BM/, 'Save it as PNG first.'],
];

/**
 * Names the format of a picture file from its first bytes.
 *
 * @throws VitaminError `INPUT_UNREADABLE` for anything but a still JPEG, PNG, WebP, GIF, TIFF or AVIF file.
 */
export function sniffFormat(bytes: Uint8Array, name: string): string {
  const head = headOf(bytes);
  const format = ACCEPTED.find(([, pattern]) => pattern.test(head))?.[0];
  if (format === undefined) {
    const known = REFUSED.find(([, pattern]) => pattern.test(head));
    throw refusal(
      name,
      'a JPEG, PNG, WebP, GIF, TIFF or AVIF picture',
      known?.[0] ?? 'none of these',
      known?.[2] ?? 'Check that this is the file you meant, or save the picture as PNG or JPEG.',
    );
  }
  if (format === 'png' && isAnimatedPng(bytes))
    throw refusal(name, 'one picture', 'an animated PNG', 'Save the frame that you mean as a still PNG.');
  if (format === 'tiff' && isLabTiff(bytes))
    throw refusal(name, 'RGB, gray or CMYK colors', 'a TIFF in CIELAB colors', 'Save it as RGB first.');
  if (format === 'jpeg' && countScans(bytes) > MAX_SCANS)
    throw refusal(name, `at most ${MAX_SCANS} scans`, 'a JPEG with more', 'Open it in an image viewer and save it anew.');
  return format;
}

/** The start of a file as text of one character a byte. A list of brands (`ftyp`) is cut where it ends, so that later bytes are not taken for brands. */
function headOf(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256)).toString('latin1');
  if (head.slice(4, 8) !== 'ftyp') return head;
  return head.slice(0, Math.max(12, Buffer.from(head.slice(0, 4), 'latin1').readUInt32BE()));
}

function refusal(name: string, expected: string, found: string, hint: string): VitaminError {
  return new VitaminError('INPUT_UNREADABLE', `Expected ${expected} but ${name} is ${found}`, { hint });
}
