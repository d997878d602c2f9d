import type { Backbone, ImageEncoding } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';

/**
 * Reads what `vitamin encode` wrote.
 *
 * @throws VitaminError `INPUT_NOT_FOUND` or `INPUT_UNREADABLE`; `WEIGHTS_MISMATCH` when another model made it, or the same one in another way.
 */
export async function readEncoding(path: string, backbone: Backbone): Promise<ImageEncoding> {
  try {
    return await backbone.loadEncoding(path);
  } catch (error) {
    // The file is a picture here, not a model.
    const broken = ['WEIGHTS_CORRUPT', 'WEIGHTS_MISSING', 'UNSAFE_PICKLE', 'UNSUPPORTED'];
    if (!(error instanceof VitaminError) || !broken.includes(error.code)) throw error;
    throw new VitaminError('INPUT_UNREADABLE', error.message, { cause: error, hint: 'Make it again with vitamin encode.' });
  }
}
