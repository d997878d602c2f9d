import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Backbone, EMBEDDED_MODEL } from '@vitamin-vlm/backbone';
import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { Segmenter } from '@vitamin-vlm/fcclip-segmentation';
import { Detector } from '@vitamin-vlm/fvit-detection';
import { decodeImage, encodePng } from '@vitamin-vlm/image';
import { kinds, stuffKinds } from '@vitamin-vlm/picture-world';
import { askPicture } from './ask-picture.ts';
import { readPicture } from './read-picture.ts';
import { absentModelText, readingText } from './text.ts';

/** Fewer, coarser words for the same picture. */
const coarseWords = [
  { name: 'animal', synonyms: ['sheep', 'cow', 'horse', 'cat', 'dog'] },
  { name: 'vehicle', synonyms: ['car', 'truck', 'bus'] },
  { name: 'plants', synonyms: ['trees', 'grass', 'bush'] },
  { name: 'sky', synonyms: ['sky'] },
];

const question = 'Where is the truck?';

/** `npm start`: the main job on a bundled picture with the embedded model. Takes seconds and no network. */
async function main(): Promise<number> {
  const picturePath = relative(process.cwd(), fileURLToPath(new URL('../pictures/farm.png', import.meta.url)));
  const folder = 'vitamin-first-run';
  try {
    const started = performance.now();
    await using detector = await Detector.load(EMBEDDED_MODEL);
    await using segmenter = await Segmenter.load(EMBEDDED_MODEL);
    await using backbone = Backbone.from(detector.model.tower);
    const words = { kinds: kinds.map(({ name }) => name), surroundings: stuffKinds, again: coarseWords };
    const picture = await decodeImage(picturePath);
    const reading = await readPicture({ detector, segmenter, backbone }, picture, words);
    const asked = await askPicture(picture, question);
    await mkdir(folder, { recursive: true });
    const boxesPath = join(folder, 'farm.boxes.png');
    const regionsPath = join(folder, 'farm.regions.png');
    await writeFileAtomic(boxesPath, await encodePng(reading.boxes));
    await writeFileAtomic(regionsPath, await encodePng(reading.regions));
    const seconds = (performance.now() - started) / 1000;
    const model = backbone.model.tower.id;
    console.log(readingText(reading, asked, { picturePath, boxesPath, regionsPath, folder, model, words, seconds }));
    return 0;
  } catch (error) {
    if (!(error instanceof VitaminError)) throw error;
    const absent = error.code === 'WEIGHTS_MISSING' || error.code === 'INPUT_NOT_FOUND';
    console.error(absent ? absentModelText(picturePath) : `error ${error.code}: ${error.message}\n${error.hint ?? ''}`);
    return absent ? 4 : 1;
  }
}

process.exitCode = await main();
