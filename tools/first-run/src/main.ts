import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Backbone, EMBEDDED_MODEL } from '@vitamin-vlm/backbone';
import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { decodeImage, encodePng } from '@vitamin-vlm/image';
import { kinds, stuffKinds } from '@vitamin-vlm/picture-world';
import { readPicture } from './read-picture.ts';
import { absentModelText, readingText } from './text.ts';

/** `npm start`: the main job on a bundled picture with the embedded model. Takes seconds and no network. */
async function main(): Promise<number> {
  const picturePath = relative(process.cwd(), fileURLToPath(new URL('../pictures/farm.png', import.meta.url)));
  const folder = 'vitamin-first-run';
  try {
    const started = performance.now();
    await using backbone = await Backbone.load(EMBEDDED_MODEL);
    const words = { kinds: kinds.map(({ name }) => name), surroundings: stuffKinds };
    const reading = await readPicture(backbone, await decodeImage(picturePath), words);
    await mkdir(folder, { recursive: true });
    const overlayPath = join(folder, 'farm.overlay.png');
    await writeFileAtomic(overlayPath, await encodePng(reading.overlay));
    const seconds = (performance.now() - started) / 1000;
    console.log(readingText(reading, { picturePath, overlayPath, folder, model: backbone.model.tower.id, words, seconds }));
    return 0;
  } catch (error) {
    if (!(error instanceof VitaminError)) throw error;
    const absent = error.code === 'WEIGHTS_MISSING' || error.code === 'INPUT_NOT_FOUND';
    console.error(absent ? absentModelText(picturePath) : `error ${error.code}: ${error.message}\n${error.hint ?? ''}`);
    return absent ? 4 : 1;
  }
}

process.exitCode = await main();
