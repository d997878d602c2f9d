import { readFile, stat } from 'node:fs/promises';
import { VitaminError } from '@vitamin-vlm/core';
import { decodeLabelTiff } from '@vitamin-vlm/image';
import { decodeLabelPng } from 'coco-eval-js/node';
import { told } from './coco-errors.ts';

/** More than a map of the largest picture takes. */
const MAX_BYTES = 2 ** 28;

/** A number for each pixel, row-major. */
export interface NumberMap {
  readonly width: number;
  readonly height: number;
  readonly data: Uint16Array;
}

/**
 * Reads a label map: the numbers of a gray or palette PNG, or of a gray TIFF of 8 or 16 bits.
 *
 * @throws VitaminError `INPUT_NOT_FOUND`; `INPUT_UNREADABLE` for a file of another kind.
 */
export async function readLabelMap(path: string): Promise<NumberMap> {
  const bytes = await readBytes(path);
  if (/^(?:II\*\0|MM\0\*)/u.test(Buffer.from(bytes.subarray(0, 4)).toString('latin1'))) return await decodeLabelTiff(bytes, path);
  const { width, height, ids } = await told(() => decodeLabelPng(bytes, path));
  return { width, height, data: Uint16Array.from(ids) };
}

/** The bytes of a map. @throws VitaminError `INPUT_NOT_FOUND`; `INPUT_UNREADABLE`, also for a file that is too large. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES)
      throw new VitaminError('INPUT_UNREADABLE', `Expected a map of at most ${MAX_BYTES} bytes but ${path} has ${size}`);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof VitaminError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw new VitaminError(code === 'ENOENT' ? 'INPUT_NOT_FOUND' : 'INPUT_UNREADABLE', `Expected a map in ${path} but found ${code}`, {
      cause,
    });
  }
}
