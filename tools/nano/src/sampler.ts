import { decodeRle, kinds, Random, renderScene, renderSingle, type Picture, type Scene } from '@vitamin-vlm/picture-world';
import type { Samples } from './batch.ts';
import { gridSize, imageSize } from './nano-config.ts';

/** One picture of the training side with a true caption, and one region of it with its name. */
interface Sample {
  readonly picture: Picture;
  readonly caption: string;
  /** 1 inside the region, row-major. */
  readonly mask: Uint8Array;
  readonly name: string;
}

/** A part of a picture that has a name. */
interface Segment {
  readonly id: number;
  readonly name: string;
  readonly pixels: number;
}

/** A segment smaller than this share of the picture is not told: it would be a speck. */
const SMALLEST_SHARE = 0.01;

/**
 * The batch of one step: half single things of all kinds in turn, the rest scenes and windows cut from larger scenes, so that the tower
 * knows what a sliding window sees. A pure function of the step: a resumed run goes on with the same pictures.
 */
export function sampleBatch(step: number, size: number): Samples {
  const pixels = new Uint8Array(size * imageSize * imageSize * 3);
  const regions = new Float32Array(size * gridSize * gridSize);
  const captions: string[] = [];
  const names: string[] = [];
  const order = new Random(step, 'train', 'single').shuffle(kinds);
  for (let i = 0; i < size; i++) {
    const { picture, caption, mask, name } = sample(step * size + i, i % 2 === 0 ? order[(i / 2) % order.length]!.name : undefined);
    pixels.set(picture.data, i * imageSize * imageSize * 3);
    regions.set(tokenShares(mask), i * gridSize * gridSize);
    captions.push(caption);
    names.push(name);
  }
  return { pixels, captions, regions, names };
}

function sample(seed: number, kind: string | undefined): Sample {
  const random = new Random(seed, 'train', 'single');
  if (kind !== undefined) {
    const { picture, captions, thing } = renderSingle(seed, kind, { width: imageSize });
    return {
      picture,
      caption: inPrompt(random.pick(captions), random),
      mask: decodeRle(thing.mask),
      name: inPrompt(withArticle(kind), random),
    };
  }
  if (random.chance(0.5)) {
    const scene = renderScene(seed, { width: imageSize });
    return {
      picture: scene.picture,
      caption: random.pick(scene.captions),
      ...regionOf(segmentsOf(scene, scene.panoptic), scene.panoptic, random),
    };
  }
  return windowOf(renderScene(seed, { width: random.integer(imageSize + 32, 2 * imageSize + 32) }), random);
}

/** A caption as it is or in one of the frames that people put labels in. */
function inPrompt(caption: string, random: Random): string {
  return random.pick([caption, `a photo of ${caption}.`, `a picture of ${caption}`, `a drawing of ${caption}.`]);
}

function withArticle(name: string): string {
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** A random square cut from a scene, told by the things that lie mostly inside and the stuff that covers a good part. */
function windowOf(scene: Scene, random: Random): Sample {
  const { width, data } = scene.picture;
  const left = random.integer(0, width - imageSize);
  const top = random.integer(0, width - imageSize);
  const pixels = new Uint8Array(imageSize * imageSize * 3);
  const panoptic = new Uint32Array(imageSize * imageSize);
  for (let y = 0; y < imageSize; y++) {
    const row = (top + y) * width + left;
    pixels.set(data.subarray(row * 3, (row + imageSize) * 3), y * imageSize * 3);
    panoptic.set(scene.panoptic.subarray(row, row + imageSize), y * imageSize);
  }
  const segments = segmentsOf(scene, panoptic);
  const picture = { width: imageSize, height: imageSize, data: pixels };
  return { picture, caption: inPrompt(tell(segments, random), random), ...regionOf(segments, panoptic, random) };
}

/** What can be seen in a part of a scene: stuff, and things of which a good part is inside. */
function segmentsOf(scene: Scene, panoptic: Uint32Array): Segment[] {
  const counts = new Map<number, number>();
  for (const id of panoptic) counts.set(id, (counts.get(id) ?? 0) + 1);
  const pixelsOf = (id: number): number => counts.get(id) ?? 0;
  const seen = (pixels: number): boolean => pixels >= SMALLEST_SHARE * panoptic.length;
  const things = scene.things
    .filter(({ segmentId, area }) => seen(pixelsOf(segmentId)) && pixelsOf(segmentId) > 0.4 * area)
    .map(({ segmentId, category }) => ({ id: segmentId, name: withArticle(category), pixels: pixelsOf(segmentId) }));
  const stuff = scene.stuff
    .filter(({ segmentId }) => seen(pixelsOf(segmentId)))
    .map(({ segmentId, name }) => ({ id: segmentId, name: name === 'dry grass' ? 'grass' : name, pixels: pixelsOf(segmentId) }));
  return [...things, ...stuff];
}

function tell(segments: readonly Segment[], random: Random): string {
  const names = random.shuffle([...new Set(segments.map(({ name }) => name))]).slice(0, 4);
  return names.length < 2 ? (names[0] ?? 'nothing') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;
}

function regionOf(segments: readonly Segment[], panoptic: Uint32Array, random: Random): Pick<Sample, 'mask' | 'name'> {
  if (segments.length === 0) return { mask: new Uint8Array(panoptic.length).fill(1), name: 'nothing' };
  const { id, name } = random.pick(segments);
  return { mask: Uint8Array.from(panoptic, (segment) => Number(segment === id)), name: inPrompt(name, random) };
}

/** Each token's share of a region: how many of the region's pixels its cell holds. Sums to 1. */
function tokenShares(mask: Uint8Array): Float32Array {
  const cell = imageSize / gridSize;
  const shares = new Float32Array(gridSize * gridSize);
  let total = 0;
  mask.forEach((inside, pixel) => {
    const row = Math.floor(Math.floor(pixel / imageSize) / cell);
    shares[row * gridSize + Math.floor((pixel % imageSize) / cell)]! += inside;
    total += inside;
  });
  return shares.map((share) => share / total);
}
