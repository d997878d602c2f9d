import { type Backbone, segmentEncoding, type VocabularyMatrix } from '@vitamin-vlm/backbone';
import { type LabelMap, unlabeledIn, VitaminError, type WorkOptions, writeFileAtomic } from '@vitamin-vlm/core';
import { decodeImage, type Picture } from '@vitamin-vlm/image';
import { eachInput, expandFolders, failures } from '../batch.ts';
import type { WindowFlags, WordFlags } from '../commands.ts';
import type { Context } from '../context.ts';
import { readEncoding } from '../encodings.ts';
import { FileWriter } from '../file-writer.ts';
import { type LabelFiles, labelImage, regionsOf, writeLabelFiles } from '../label-files.ts';
import { describeModel, loadModel } from '../model.ts';
import { formatPercent } from '../text.ts';
import { readLabels, readPrompts } from '../words.ts';

interface SegmentFlags extends WordFlags, WindowFlags {
  readonly threshold?: number;
}

/** Labels in a line of text. */
const SHOWN = 8;

/** `vitamin segment`: training-free semantic segmentation. With -o DIR it writes label map, overlay and JSON of each picture and a summary. */
export async function segment(context: Context, inputs: readonly string[], flags: SegmentFlags): Promise<number> {
  const { output, signal, progress } = context;
  const labels = await readLabels(flags);
  const prompts = readPrompts(flags.templates);
  const files = inputs.length > 0 ? await expandFolders(inputs) : [flags.encoding!];
  const folder = context.flags.output;
  const writer = folder === undefined ? undefined : await FileWriter.forFolder(folder, context.flags.force === true);
  await using backbone = await loadModel(context, flags);
  const model = describeModel(backbone);
  const vocabulary = await backbone.vocabulary(labels, { prompts, signal, onProgress: progress.reporter('words') });
  const images: object[] = [];
  const written: string[] = [];
  const batch = await eachInput(context, files, async (file, options) => {
    const started = performance.now();
    const picture = inputs.length > 0 ? await decodeImage(file) : undefined;
    const image = labelImage(await segmentPicture(backbone, picture, vocabulary, flags, options), labels.length);
    const { width, height } = image;
    const regions = regionsOf(image, labels);
    const result = { file, width, height, unlabeled: unlabeledIn(image), labels: regions };
    const document = { schemaVersion: 1, model, ...result };
    const paths: Partial<LabelFiles> = writer ? await writeLabelFiles(writer, image, { file, picture, labels, document }) : {};
    written.push(...Object.values(paths));
    const record = writer ? { ...result, files: paths } : result;
    images.push(record);
    const words = regions.slice(0, SHOWN).map(({ label, share }) => `${label} ${formatPercent(share)}`);
    output.item(`${file}  ${width}x${height}  ${words.join(', ')}`, record);
    output.detail(`${file}: ${Math.round(performance.now() - started)} ms`);
    if (writer && !picture) output.note(`${file}: no overlay, because an encoding holds no picture; name the picture beside --encoding.`);
  });
  const document = { schemaVersion: 1, model, images, ...failures(batch) };
  await output.document(document);
  if (writer) {
    const [summary = ''] = await writer.paths('summary', ['.json']);
    await writeFileAtomic(summary, `${JSON.stringify(document, null, 2)}\n`);
    output.wroteAll([...written, summary], folder!);
  }
  return batch.status;
}

/** One label per pixel, from the tower or from an encoding. */
async function segmentPicture(
  backbone: Backbone,
  picture: Picture | undefined,
  vocabulary: VocabularyMatrix,
  flags: SegmentFlags,
  options: WorkOptions,
): Promise<LabelMap> {
  const { size, window, stride, encoding: path, threshold } = flags;
  if (path === undefined) return await backbone.segment(picture!, vocabulary, { ...options, size, window, stride, threshold });
  const encoding = await readEncoding(path, backbone);
  const { width, height } = encoding.geometry;
  if (picture && (picture.width !== width || picture.height !== height)) {
    throw new VitaminError(
      'USAGE',
      `Expected the picture of the encoding, ${width}x${height}, but received ${picture.width}x${picture.height}`,
    );
  }
  return await segmentEncoding(encoding, vocabulary, { signal: options.signal, threshold });
}
