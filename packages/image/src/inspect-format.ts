// What the decoders do not report of a file, read from its own structure.

/**
 * Whether a PNG has an animation control chunk of more than one frame, which must stand before the first image data (APNG specification). Chunks are walked:
 * a comment may contain the same four letters.
 */
export function isAnimatedPng(bytes: Uint8Array): boolean {
  const view = viewOf(bytes);
  // Signature of 8 bytes; then length, type, data, checksum.
  for (let at = 8; at + 12 <= bytes.length; at += view.getUint32(at) + 12) {
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === 'IDAT') return false;
    if (type === 'acTL') return view.getUint32(at + 8) !== 1;
  }
  return false;
}

/** Scans of a JPEG file: start-of-scan markers outside of other segments (a preview in the metadata has its own). */
export function countScans(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  let scans = 0;
  let at = 2;
  while (at + 4 <= bytes.length) {
    const marker = bytes[at + 1]!;
    // Between two markers lies compressed data, in which 0xff is followed by 0, by fill bytes, or by a restart marker.
    if (bytes[at] !== 0xff || marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd8)) {
      at = bytes.indexOf(0xff, at + 1);
      if (at < 0) break;
      continue;
    }
    if (marker === 0xd9) break;
    if (marker === 0xda) scans++;
    at += 2 + view.getUint16(at + 2);
  }
  return scans;
}

/** Tag 262, photometric interpretation: 8 is CIELAB, 9 ICCLAB, 10 ITULAB (TIFF 6.0, section 23; BigTIFF has counts and offsets of 8 bytes). */
export function isLabTiff(bytes: Uint8Array): boolean {
  const view = viewOf(bytes);
  const little = bytes[0] === 0x49;
  if (bytes.length < 16) return false;
  const big = view.getUint16(2, little) === 43;
  const start = big ? Number(view.getBigUint64(8, little)) : view.getUint32(4, little);
  if (start + 8 > bytes.length) return false;
  const count = big ? Number(view.getBigUint64(start, little)) : view.getUint16(start, little);
  const [first, length] = big ? [start + 8, 20] : [start + 2, 12];
  for (let i = 0; i < count; i++) {
    const at = first + i * length;
    if (at + length > bytes.length) return false;
    const tag = view.getUint16(at, little);
    if (tag === 262) return [8, 9, 10].includes(view.getUint16(at + length - (big ? 8 : 4), little));
  }
  return false;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
