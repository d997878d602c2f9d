import { kinds, Random, renderScene, renderSingle, type Picture, type Scene } from '@vitamin-vlm/picture-world';
import type { Samples } from './batch.ts';
import { imageSize } from './nano-config.ts';

/** One picture of the training side and a true caption. */
interface Sample {
  readonly picture: Picture;
  readonly caption: string;
}

/**
 * The batch of one step: half single things of all kinds in turn, the rest scenes and windows cut from larger scenes, so that the tower
 * knows what a sliding window sees. A pure function of the step: a resumed run goes on with the same pictures.
 */
export function sampleBatch(step: number, size: number): Samples {
  const pixels = new Uint8Array(size * imageSize * imageSize * 3);
  const captions: string[] = [];
  const order = new Random(step, 'train', 'single').shuffle(kinds);
  for (let i = 0; i < size; i++) {
    const seed = step * size + i;
    const { picture, caption } = sample(seed, i % 2 === 0 ? order[(i / 2) % order.length]!.name : undefined);
    pixels.set(picture.data, i * imageSize * imageSize * 3);
    captions.push(caption);
  }
  return { pixels, captions };
}

function sample(seed: number, kind: string | undefined): Sample {
  const random = new Random(seed, 'train', 'single');
  if (kind !== undefined) {
    const single = renderSingle(seed, kind, { width: imageSize });
    return { picture: single.picture, caption: inPrompt(random.pick(single.captions), random) };
  }
  if (random.chance(0.5)) {
    const scene = renderScene(seed, { width: imageSize, maxThings: 5 });
    return { picture: scene.picture, caption: random.pick(scene.captions) };
  }
  return windowOf(renderScene(seed, { width: random.integer(imageSize + 32, 2 * imageSize + 32) }), random);
}

/** A caption as it is or in one of the frames that people put labels in. */
function inPrompt(caption: string, random: Random): string {
  return random.pick([caption, `a photo of ${caption}.`, `a picture of ${caption}`, `a drawing of ${caption}.`]);
}

/** A random square cut from a scene, told by the things that lie mostly inside and the stuff that covers a good part. */
function windowOf(scene: Scene, random: Random): Sample {
  const { width, data } = scene.picture;
  const left = random.integer(0, width - imageSize);
  const top = random.integer(0, width - imageSize);
  const out = new Uint8Array(imageSize * imageSize * 3);
  const counts = new Map<number, number>();
  for (let y = 0; y < imageSize; y++) {
    const row = (top + y) * width + left;
    out.set(data.subarray(row * 3, (row + imageSize) * 3), y * imageSize * 3);
    for (let x = 0; x < imageSize; x++) {
      const id = scene.panoptic[row + x]!;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  const picture = { width: imageSize, height: imageSize, data: out };
  return { picture, caption: inPrompt(tellWindow(scene, counts, random), random) };
}

function tellWindow(scene: Scene, counts: ReadonlyMap<number, number>, random: Random): string {
  const inside = (segmentId: number): number => counts.get(segmentId) ?? 0;
  const pixels = imageSize * imageSize;
  const things = scene.things
    .filter((t) => inside(t.segmentId) > 0.02 * pixels && inside(t.segmentId) > 0.4 * t.area)
    .map((t) => t.category);
  const stuff = scene.stuff.filter((s) => inside(s.segmentId) > 0.12 * pixels).map((s) => s.name);
  const told = random.shuffle([...new Set([...things, ...stuff])]).slice(0, 4);
  if (told.length === 0) return scene.place;
  return told.length === 1 ? told[0]! : `${told.slice(0, -1).join(', ')} and ${told.at(-1)!}`;
}
