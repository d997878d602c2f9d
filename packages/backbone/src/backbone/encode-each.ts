import { VitaminError } from '@vitamin-vlm/core';
import { decodeImage, type ImageSource, type Picture } from '@vitamin-vlm/image';
import type { ImageEncoding } from '../image-encoding/image-encoding.ts';
import { windowStarts } from '../window/grid.ts';
import { encodeInWindows, type Encoder, encodeSquares, wantsDense } from './encode.ts';
import type { EncodeOptions } from './options.ts';

/** A picture of many, in the order they were asked for: encoded, or what was wrong with it. */
export type EncodedImage =
  | { readonly source: ImageSource; readonly encoding: ImageEncoding; readonly error?: never }
  | { readonly source: ImageSource; readonly error: VitaminError; readonly encoding?: never };

/** Encodes pictures as they are asked for. One that cannot be read does not stop the others. Progress counts pictures. */
export async function* encodeEach(
  encoder: Encoder,
  sources: Iterable<ImageSource> | AsyncIterable<ImageSource>,
  options: EncodeOptions,
): AsyncGenerator<EncodedImage, void, undefined> {
  const { onProgress } = options;
  checkWindows(encoder, options);
  const total = Array.isArray(sources) ? sources.length : 0;
  const inner: EncodeOptions = { ...options, onProgress: onProgress && ((event) => event.phase !== 'run' && onProgress(event)) };
  const encode = wantsDense(options) ? encodeOne : encodeTogether;
  let done = 0;
  for await (const part of parts(sources, wantsDense(options) ? 1 : (options.batch ?? 1))) {
    for (const result of await encode(encoder, part, inner)) {
      onProgress?.({ phase: 'run', done: ++done, total });
      yield result;
    }
  }
}

/** Sizes that fit no picture are the caller's mistake, not a picture's. */
function checkWindows({ image, imageSize }: Encoder, { window = imageSize, stride = Math.floor(window / 2) }: EncodeOptions): void {
  image.checkSide(window, 'window');
  windowStarts(window, window, stride);
}

async function* parts<T>(items: Iterable<T> | AsyncIterable<T>, size: number): AsyncGenerator<readonly T[], void, undefined> {
  let part: T[] = [];
  for await (const item of items) {
    part.push(item);
    if (part.length < size) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

async function encodeOne(encoder: Encoder, sources: readonly ImageSource[], options: EncodeOptions): Promise<EncodedImage[]> {
  const source = sources[0]!;
  const encoding = await encodeInWindows(encoder, source, options).catch(asFault);
  return [encoding instanceof VitaminError ? { source, error: encoding } : { source, encoding }];
}

async function encodeTogether(encoder: Encoder, sources: readonly ImageSource[], options: EncodeOptions): Promise<EncodedImage[]> {
  const pictures = await Promise.all(sources.map((source) => decodeImage(source).catch(asFault)));
  const good = pictures.filter((picture): picture is Picture => !(picture instanceof VitaminError));
  const encodings = (good.length > 0 ? await encodeSquares(encoder, good, options) : []).values();
  return sources.map((source, i) => {
    const picture = pictures[i]!;
    return picture instanceof VitaminError ? { source, error: picture } : { source, encoding: encodings.next().value! };
  });
}

/** Gives back what is a picture's fault, its file or its size, and throws everything else. */
function asFault(error: unknown): VitaminError {
  if (error instanceof VitaminError && ['INPUT_NOT_FOUND', 'INPUT_UNREADABLE', 'USAGE'].includes(error.code)) return error;
  throw error;
}
