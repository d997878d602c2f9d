import { stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { retrievalRecall } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import type { Context } from '../command.ts';
import type { modelFlags } from '../flags.ts';
import { failures } from '../inputs.ts';
import { describeModel, loadModel } from '../model.ts';
import { formatPercent, table } from '../text.ts';
import { type CaptionedImage, readCaptions } from './captions.ts';
import { embedImages } from './rank.ts';

const KS = [1, 5, 10] as const;

/** `vitamin retrieve --captions`: recall at 1, 5 and 10, as CLIP_benchmark counts it. */
export async function recall(context: Context<typeof modelFlags>, captionsFile: string): Promise<number> {
  const { inputs, output, signal, writer } = context;
  const folder = inputs[0]!;
  if (inputs.length !== 1 || !(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw new VitaminError('USAGE', `Expected one folder beside --captions but received ${inputs.join(' ')}`, {
      hint: 'The file names in the captions file start at that folder.',
    });
  }
  const captioned = await readCaptions(captionsFile);
  const byPath = new Map(captioned.map((image) => [inFolder(folder, image), image]));
  await using backbone = await loadModel(context);
  const { files, embeddings, batch } = await embedImages(context, backbone, [...byPath.keys()]);
  if (signal.aborted || files.length === 0) return batch.status;
  const texts = files.flatMap((file) => byPath.get(file)!.captions);
  const imageOfText = files.flatMap((file, index) => byPath.get(file)!.captions.map(() => index));
  const embedded = await backbone.embedTexts(texts, { signal, onProgress: context.progress.reporter('captions') });
  const { imageRetrieval, textRetrieval } = await retrievalRecall(embeddings, embedded, imageOfText, { ks: KS, signal });
  const row = (name: string, values: Readonly<Record<number, number>>): string[] => [name, ...KS.map((k) => formatPercent(values[k]!))];
  const rows = [['', ...KS.map((k) => `R@${k}`)], row('picture by caption', imageRetrieval), row('caption by picture', textRetrieval)];
  const document = {
    model: describeModel(backbone),
    images: files.length,
    captions: texts.length,
    imageRetrieval,
    textRetrieval,
    ...failures(batch),
  };
  await output.whole(`${files.length} pictures, ${texts.length} captions\n${table(rows, [1, 2, 3])}`, document, writer);
  return batch.status;
}

/** The path of a picture. A captions file may come from a stranger: it names pictures inside the folder and nothing else. */
function inFolder(folder: string, { file }: CaptionedImage): string {
  const path = normalize(file);
  if (!isAbsolute(path) && !path.startsWith('..')) return join(folder, path);
  throw new VitaminError('USAGE', `Expected file names inside ${folder} in the captions file but found ${file}`);
}
