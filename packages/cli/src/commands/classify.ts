import { classifyEncoding, type ImageEncoding } from '@vitamin-vlm/backbone';
import { eachInput, expandFolders, failures } from '../batch.ts';
import type { WordFlags } from '../commands.ts';
import { type Context, resultFile } from '../context.ts';
import { readEncoding } from '../encodings.ts';
import { describeModel, loadModel } from '../model.ts';
import { formatPercent } from '../text.ts';
import { readLabels, readPrompts } from '../words.ts';

/** Labels in a line of text. */
const SHOWN = 5;

/** `vitamin classify`: zero-shot labels of pictures. Scores are the softmax over the labels asked, so they sum to one. */
export async function classify(context: Context, inputs: readonly string[], flags: WordFlags & { readonly top?: number }): Promise<number> {
  const { output, signal, progress } = context;
  const labels = await readLabels(flags);
  const prompts = readPrompts(flags.templates);
  const file = await resultFile(context);
  const files = flags.encoding === undefined || inputs.length > 0 ? await expandFolders(inputs) : [flags.encoding];
  await using backbone = await loadModel(context, flags);
  const vocabulary = await backbone.vocabulary(labels, { prompts, signal, onProgress: progress.reporter('words') });
  const images: object[] = [];
  const batch = await eachInput(context, files, async (path, options) => {
    const started = performance.now();
    const encoding: ImageEncoding =
      flags.encoding === undefined ? await backbone.encodeImage(path, options) : await readEncoding(flags.encoding, backbone);
    const scored = classifyEncoding(encoding, vocabulary);
    const { width, height } = encoding.geometry;
    const image = { file: path, width, height, labels: scored.slice(0, flags.top) };
    images.push(image);
    const words = scored.slice(0, flags.top ?? SHOWN).map(({ label, score }) => `${label} ${formatPercent(score)}`);
    output.item(`${path}  ${width}x${height}  ${words.join(', ')}`, image);
    output.detail(`${path}: ${Math.round(performance.now() - started)} ms`);
  });
  const model = describeModel(backbone);
  await output.document({ schemaVersion: 1, model, images, ...failures(batch) }, file);
  return batch.status;
}
