import { type Tensor, tensor, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { decodeImage, type Normalization, toTensor } from '@vitamin-vlm/image';
import { type InferTensor, type TensorMetadata, textsOf } from '@vitamin-vlm/oip-client';
import type { Desk } from './answers.ts';
import type { Described, ServedModels } from './job.ts';

/** Pictures of one request to the image tower. */
const MAX_BATCH = 64;

type Outputs = Record<string, InferTensor>;

const bytes = (name: string, extent: number): TensorMetadata => ({ name, datatype: 'BYTES', shape: [extent] });
const float = (name: string, ...shape: number[]): TensorMetadata => ({ name, datatype: 'FP32', shape });
const int = (name: string, ...shape: number[]): TensorMetadata => ({ name, datatype: 'INT32', shape });

/** The models of the Open Inference Protocol: towers by numbers, heads by a picture and words. */
export async function describeModels(desk: Desk, served: ServedModels): Promise<Described> {
  const clip = served.clip === undefined ? undefined : await desk.models.clip();
  const size = clip?.imageSize ?? 0;
  const width = clip?.model.tower.embedDim ?? 0;
  const asked = [bytes('image', 1), bytes('labels', -1)];
  return {
    ...(clip
      ? {
          'image-tower': {
            inputs: [{ name: 'pixels', datatype: 'UINT8', shape: [-1, size, size, 3] }],
            outputs: [float('embedding', -1, width)],
          },
          'text-tower': { inputs: [bytes('text', -1)], outputs: [float('embedding', -1, width)] },
        }
      : {}),
    ...(served.detect === undefined
      ? {}
      : { detect: { inputs: asked, outputs: [float('boxes', -1, 4), float('scores', -1), int('classes', -1)] } }),
    ...(served.segment === undefined
      ? {}
      : { segment: { inputs: asked, outputs: [int('map', -1, -1), int('ids', -1), int('classes', -1), float('scores', -1)] } }),
  };
}

/** Runs one of them. @throws VitaminError `MODEL_UNKNOWN`, `USAGE` for inputs that do not fit. */
export async function infer(
  desk: Desk,
  model: string,
  inputs: Readonly<Record<string, InferTensor>>,
  options: WorkOptions,
): Promise<Outputs> {
  switch (model) {
    case 'image-tower': {
      const backbone = await desk.models.clip();
      const { datatype, shape, data } = inputOf(inputs, 'pixels');
      const side = backbone.imageSize;
      const [n = 0, height, width, channels] = shape;
      if (datatype !== 'UINT8' || shape.length !== 4 || height !== side || width !== side || channels !== 3 || n < 1 || n > MAX_BATCH) {
        throw mismatch('pixels', `UINT8 [1..${MAX_BATCH}, ${side}, ${side}, 3]`, `${datatype} [${shape.join(', ')}]`);
      }
      return { embedding: floats(await backbone.embedPixels(normalized(data, n, side, backbone.model.tower.normalization), options)) };
    }
    case 'text-tower': {
      const texts = textsIn(inputs, 'text');
      return { embedding: floats(await (await desk.models.clip()).embedTexts(texts, options)) };
    }
    case 'detect': {
      const labels = textsIn(inputs, 'labels');
      const detector = await desk.models.detector();
      const picture = await decodeImage(bytesIn(inputs, 'image'), { maxPixels: desk.maxPixels });
      const vocabulary = await desk.words.of('detect', { labels }, () => detector.vocabulary(labels, options));
      const { detections } = await detector.detect(picture, vocabulary, options);
      const boxes = Float32Array.from(detections.flatMap(({ box }) => box));
      return {
        boxes: { datatype: 'FP32', shape: [detections.length, 4], data: boxes },
        scores: { datatype: 'FP32', shape: [detections.length], data: Float32Array.from(detections, ({ score }) => score) },
        classes: { datatype: 'INT32', shape: [detections.length], data: Int32Array.from(detections, (found) => found.class) },
      };
    }
    case 'segment': {
      const labels = textsIn(inputs, 'labels');
      const segmenter = await desk.models.segmenter();
      const picture = await decodeImage(bytesIn(inputs, 'image'), { maxPixels: desk.maxPixels });
      const vocabulary = await desk.words.of('segment', { labels }, () => segmenter.vocabulary(labels, options));
      const { panoptic } = await segmenter.segment(picture, vocabulary, { ...options, task: 'panoptic' });
      const { map, segments } = panoptic!;
      return {
        map: { datatype: 'INT32', shape: [map.height, map.width], data: Int32Array.from(map.data) },
        ids: { datatype: 'INT32', shape: [segments.length], data: Int32Array.from(segments, ({ id }) => id) },
        classes: { datatype: 'INT32', shape: [segments.length], data: Int32Array.from(segments, (found) => found.class) },
        scores: { datatype: 'FP32', shape: [segments.length], data: Float32Array.from(segments, ({ score }) => score) },
      };
    }
    default:
      throw new VitaminError('MODEL_UNKNOWN', `Expected a model of this server but received ${model}`, {
        hint: 'GET /v2/models lists them.',
      });
  }
}

/** [N, S, S, 3] of bytes -> [N, 3, S, S] as the tower was trained with. */
function normalized(data: Uint8Array, n: number, side: number, normalization: Normalization): Tensor<'float32'> {
  const one = side * side * 3;
  const pixels = tensor('float32', [n, 3, side, side]);
  for (let i = 0; i < n; i++) {
    const picture = { width: side, height: side, data: data.subarray(i * one, (i + 1) * one) };
    toTensor(picture, { normalization, into: { data: pixels.data, offset: i * one } });
  }
  return pixels;
}

function floats({ shape, data }: Tensor<'float32'>): InferTensor {
  return { datatype: 'FP32', shape, data };
}

function inputOf(inputs: Readonly<Record<string, InferTensor>>, name: string): InferTensor {
  const found = inputs[name];
  if (found) return found;
  throw new VitaminError('USAGE', `Expected an input "${name}" but received ${Object.keys(inputs).join(', ') || 'none'}`);
}

function textsIn(inputs: Readonly<Record<string, InferTensor>>, name: string): string[] {
  const found = inputOf(inputs, name);
  const texts = textsOf(found);
  if (found.datatype !== 'BYTES' || texts.length === 0 || texts.some((text) => text.trim() === '')) {
    throw mismatch(name, 'BYTES [1 or more] of texts', `${found.datatype} [${found.shape.join(', ')}]`);
  }
  return texts;
}

function bytesIn(inputs: Readonly<Record<string, InferTensor>>, name: string): Uint8Array {
  const { datatype, shape, data } = inputOf(inputs, name);
  if (datatype === 'BYTES' && data.length === 1) return data[0]!;
  throw mismatch(name, 'BYTES [1], the file of a picture', `${datatype} [${shape.join(', ')}]`);
}

function mismatch(name: string, expected: string, found: string): VitaminError {
  return new VitaminError('USAGE', `Expected ${expected} as input "${name}" but received ${found}`);
}
