import { VitaminError } from '@vitamin-vlm/core';
import { readText } from '../text-file.ts';

/** The captions of COCO's training set take 92 MB; in V8 a string cannot be longer than about 512 MB. */
const MAX_CAPTIONS_FILE = 400 * 10 ** 6;

/** A picture's name in a captions file and what is said about it. */
export interface CaptionedImage {
  readonly file: string;
  readonly captions: readonly string[];
}

/**
 * Reads a captions file: COCO's form (`images` with `id` and `file_name`, `annotations` with `image_id` and `caption`), or an object from file
 * names to one caption or a list of them. Pictures without captions are left out.
 *
 * @throws VitaminError `USAGE` for a file that cannot be read, has neither form, or holds no caption.
 */
export async function readCaptions(path: string): Promise<CaptionedImage[]> {
  const text = await readText(path, MAX_CAPTIONS_FILE, '--captions');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw malformed(path, `JSON but it cannot be parsed: ${(cause as Error).message}`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw malformed(path, 'an object');
  const images = 'annotations' in json ? cocoCaptions(path, json) : plainCaptions(path, json);
  const captioned = images.filter(({ captions }) => captions.length > 0);
  if (captioned.length === 0) throw malformed(path, 'at least one picture with a caption but found none');
  return captioned;
}

function cocoCaptions(path: string, json: { images?: unknown; annotations?: unknown }): CaptionedImage[] {
  if (!Array.isArray(json.images) || !Array.isArray(json.annotations)) throw malformed(path, 'lists "images" and "annotations"');
  const byId = new Map<unknown, { file: string; captions: string[] }>();
  for (const image of json.images as ({ id?: unknown; file_name?: unknown } | null)[]) {
    if (typeof image?.file_name !== 'string') throw malformed(path, 'a "file_name" in every image');
    byId.set(image.id, { file: image.file_name, captions: [] });
  }
  for (const annotation of json.annotations as ({ image_id?: unknown; caption?: unknown } | null)[]) {
    const image = byId.get(annotation?.image_id);
    if (!image) throw malformed(path, `"image_id" of a listed image but found ${JSON.stringify(annotation?.image_id)}`);
    if (typeof annotation?.caption !== 'string') throw malformed(path, 'a "caption" in every annotation');
    image.captions.push(annotation.caption);
  }
  return [...byId.values()];
}

function plainCaptions(path: string, json: object): CaptionedImage[] {
  return Object.entries(json).map(([file, value]: [string, unknown]) => {
    const captions: unknown[] = Array.isArray(value) ? value : [value];
    if (captions.every((caption) => typeof caption === 'string')) return { file, captions };
    throw malformed(path, `a caption or a list of captions for ${JSON.stringify(file)}`);
  });
}

function malformed(path: string, what: string): VitaminError {
  return new VitaminError('USAGE', `Expected in --captions ${path} ${what}`, {
    hint: 'Forms: COCO captions, or {"street.jpg": "a red bus", "park.jpg": ["a dog", "a dog on grass"]}.',
  });
}
