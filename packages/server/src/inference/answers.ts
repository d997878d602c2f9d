import { classifyEncoding, type ImageEncoding } from '@vitamin-vlm/backbone';
import type { Mask } from '@vitamin-vlm/core';
import type { NamedInstance, NamedPanoptic, Segmented } from '@vitamin-vlm/fcclip-segmentation';
import { decodeImage, encodeIdPng, encodeLabelPng } from '@vitamin-vlm/image';
import type { WorkOptions } from '@vitamin-vlm/core';
import type { ClassifyRequest, DetectRequest, SegmentRequest } from '../api/requests.ts';
import type { ClassifyResponse, DetectResponse, EncodeResponse, SegmentResponse } from '../api/responses.ts';
import type { PictureReference } from './job.ts';
import type { Models } from './models.ts';
import type { PictureCache } from './picture-cache.ts';
import type { Words } from './words.ts';

/** What the answers are made with. */
export interface Desk {
  readonly models: Models;
  readonly pictures: PictureCache;
  readonly words: Words;
  readonly maxPixels: number;
}

/** Lower scores are noise to a person. */
const SHOWN_FROM = 0.3;

/** Boxes around what the words name. */
export async function detect(
  desk: Desk,
  reference: PictureReference,
  request: DetectRequest,
  options: WorkOptions,
): Promise<DetectResponse> {
  const { labels, base, background, score = SHOWN_FROM, nms, max, alpha, beta, masks = false } = request;
  const detector = await desk.models.detector();
  const { key, bytes } = desk.pictures.open(reference);
  const encoding = await desk.pictures.find(key, masks ? 'regions with pyramid' : 'regions', async () =>
    detector.encode(await decodeImage(bytes, { maxPixels: desk.maxPixels }), { ...options, masks }),
  );
  const vocabulary = await desk.words.of('detect', { labels, base, background }, () =>
    detector.vocabulary(labels, { base, background, ...options }),
  );
  const { width, height, detections } = await detector.detect(encoding, vocabulary, { score, nms, max, alpha, beta, masks, ...options });
  return {
    schemaVersion: 1,
    model: detector.model.address,
    key,
    width,
    height,
    detections: detections.map((found) => ({
      label: found.label,
      score: found.score,
      box: [...found.box],
      ...(found.mask ? { mask: plainMask(found.mask) } : {}),
    })),
  };
}

/** What every pixel is. */
export async function segment(
  desk: Desk,
  reference: PictureReference,
  request: SegmentRequest,
  options: WorkOptions,
): Promise<SegmentResponse> {
  const { labels, things, stuff, task, alpha, beta, score, threshold, max } = request;
  const segmenter = await desk.models.segmenter();
  const { key, bytes } = desk.pictures.open(reference);
  const encoding = await desk.pictures.find(key, 'masks', async () =>
    segmenter.encode(await decodeImage(bytes, { maxPixels: desk.maxPixels }), options),
  );
  const vocabulary = await desk.words.of('segment', { labels, things, stuff }, () =>
    segmenter.vocabulary(labels, { things, stuff, ...options }),
  );
  const found = await segmenter.segment(encoding, vocabulary, { task, alpha, beta, score, threshold, max, ...options });
  return {
    schemaVersion: 1,
    model: segmenter.model.address,
    key,
    width: found.width,
    height: found.height,
    labels: found.labels.map(({ name }) => name),
    ...(found.panoptic ? { panoptic: await panopticPart(found.panoptic) } : {}),
    ...(found.semantic ? { semantic: await semanticPart(found.semantic, found.labels.length) } : {}),
    ...(found.instances ? { instances: found.instances.map(instancePart) } : {}),
  };
}

/** What is in a picture as a whole. */
export async function classify(
  desk: Desk,
  reference: PictureReference,
  { labels, top }: ClassifyRequest,
  options: WorkOptions,
): Promise<ClassifyResponse> {
  const backbone = await desk.models.clip();
  const { key, encoding } = await encodingOf(desk, reference, options);
  const vocabulary = await desk.words.of('clip', { labels }, () => backbone.vocabulary(labels, options));
  const { width, height } = encoding.geometry;
  return { schemaVersion: 1, model: backbone.model.address, key, width, height, labels: classifyEncoding(encoding, vocabulary, { top }) };
}

/** CLIP's vector of a picture. */
export async function encode(desk: Desk, reference: PictureReference, options: WorkOptions): Promise<EncodeResponse> {
  const { model } = await desk.models.clip();
  const { key, encoding } = await encodingOf(desk, reference, options);
  const { width, height } = encoding.geometry;
  return { schemaVersion: 1, model: model.address, key, width, height, embedding: [...unit(encoding.pooled.data)] };
}

async function encodingOf(
  desk: Desk,
  reference: PictureReference,
  options: WorkOptions,
): Promise<{ key: string; encoding: ImageEncoding }> {
  const backbone = await desk.models.clip();
  const { key, bytes } = desk.pictures.open(reference);
  const encoding = await desk.pictures.find(key, 'embedding', async () =>
    backbone.encodeImage(await decodeImage(bytes, { maxPixels: desk.maxPixels }), options),
  );
  return { key, encoding };
}

async function panopticPart({ map, segments }: NamedPanoptic): Promise<SegmentResponse['panoptic']> {
  const png = await encodeIdPng(Uint32Array.from(map.data), map.width, map.height);
  const plain = segments.map(({ id, label, isThing, score, area, box }) => ({
    id,
    label,
    isThing,
    score,
    area,
    box: [...box] as [number, number, number, number],
  }));
  return { png: base64(png), segments: plain };
}

async function semanticPart(map: NonNullable<Segmented['semantic']>, labels: number): Promise<SegmentResponse['semantic']> {
  const counts = new Uint32Array(labels);
  for (const label of map.data) if (label < labels) counts[label]!++;
  return { png: base64(await encodeLabelPng(map)), shares: Array.from(counts, (count) => count / map.data.length) };
}

function instancePart({ label, score, box, area, mask }: NamedInstance): NonNullable<SegmentResponse['instances']>[number] {
  return { label, score, box: [...box], area, mask: plainMask(mask) };
}

function plainMask({ size, counts }: Mask): { size: [number, number]; counts: number[] } {
  return { size: [...size], counts: Array.from(counts) };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
