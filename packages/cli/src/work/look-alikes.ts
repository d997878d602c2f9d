import { type Box, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import type { Detector, EncodeOptions, PictureQuery } from '@vitamin-vlm/fvit-detection';

interface Shown {
  readonly label: string;
  readonly picture: string;
  readonly box: Box;
}

/**
 * Classes that are shown instead of named, from the texts of --like: `IMAGE#x,y,w,h`, in pixels of that picture. Each picture is read once.
 *
 * @throws VitaminError `USAGE` for another text and for a box without a part of the picture; as `Detector.look`.
 */
export async function lookAlikes(
  detector: Detector,
  texts: readonly string[],
  options: EncodeOptions & WorkOptions,
): Promise<PictureQuery[]> {
  const shown = texts.map(parseLike);
  const queries = new Map<Shown, PictureQuery>();
  for (const picture of new Set(shown.map((one) => one.picture))) {
    const here = shown.filter((one) => one.picture === picture);
    const boxes = here.map(({ box }) => box);
    const { shape, data } = await detector.look(picture, boxes, options);
    const length = shape[1]!;
    for (const [i, one] of here.entries()) {
      queries.set(one, { label: one.label, vector: data.slice(i * length, (i + 1) * length) });
    }
  }
  return shown.map((one) => queries.get(one)!);
}

/** A text of --like. @throws VitaminError `USAGE` */
function parseLike(text: string): Shown {
  const [, picture, sides] = /^(.+)#([^#]+)$/su.exec(text) ?? [];
  const box = sides?.split(',').map((side) => (side.trim() === '' ? Number.NaN : Number(side)));
  if (picture !== undefined && box?.length === 4 && box.every(Number.isFinite)) return { label: text, picture, box: box as unknown as Box };
  throw new VitaminError('USAGE', `Expected --like IMAGE#x,y,w,h but received ${text}`, {
    hint: 'The box in pixels of that picture: left, top, width, height. For example cup.jpg#120,40,80,90.',
  });
}
