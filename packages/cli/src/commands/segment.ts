import type { Backbone, ImageEncoding } from '@vitamin-vlm/backbone';
import { unlabeledIn, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import type { Picture } from '@vitamin-vlm/image';
import { type Command, command } from '../command.ts';
import { encodingFlags, modelFlags, windowFlags, wordFlags } from '../flags.ts';
import { pictureInputs, picturesOf, streamPictures } from '../inputs.ts';
import { describeModel, loadModel, readEncoding } from '../model.ts';
import type { Result } from '../output.ts';
import { formatPercent } from '../text.ts';
import { loadVocabulary, readWords } from '../words.ts';

/** Labels in a line of text. */
const SHOWN = 8;

/** Training-free semantic segmentation. With -o DIR it writes label map, overlay and JSON of each picture and a summary. */
export const segment: Command = command({
  name: 'segment',
  summary: 'what is where in a picture, without training for it',
  inputs: pictureInputs,
  flags: {
    ...modelFlags,
    ...wordFlags,
    ...encodingFlags,
    threshold: { kind: 'fraction', value: 'p', default: 0, help: 'pixels whose label is less probable stay unlabeled' },
    ...windowFlags,
  },
  needs: [['labels', 'labelsFile']],
  writes: 'folder',
  notes: '-o DIR gets for each picture NAME.labels.png, NAME.overlay.png and NAME.json, and summary.json.',
  async run(context) {
    const { inputs, flags, output, writer } = context;
    const { size, window, stride, threshold, encoding: path } = flags;
    const files = await picturesOf(context);
    const words = await readWords(context);
    const [{ segmentEncoding }, { decodeImage }, { labelImage, regionsOf, writeLabelFiles }] = await Promise.all([
      import('@vitamin-vlm/backbone'),
      import('@vitamin-vlm/image'),
      import('../work/label-files.ts'),
    ]);
    await using backbone = await loadModel(context);
    const model = describeModel(backbone);
    const vocabulary = await loadVocabulary(context, backbone, words);
    const { labels } = vocabulary;
    const summary = await writer?.path('summary.json');
    let written = summary === undefined ? 0 : 1;
    const segmentFile = async (file: string, options: WorkOptions): Promise<Result> => {
      // Without pictures the file is the encoding that is asked.
      const picture = inputs.length > 0 ? await decodeImage(file) : undefined;
      const map =
        path === undefined
          ? await backbone.segment(picture!, vocabulary, { ...options, size, window, stride, threshold })
          : await segmentEncoding(await readEncodingOf(picture, path, backbone), vocabulary, { ...options, threshold });
      const image = labelImage(map, labels.length);
      const { width, height } = image;
      const regions = regionsOf(image, labels);
      const result = { file, width, height, unlabeled: unlabeledIn(image), labels: regions };
      const shown = regions.slice(0, SHOWN).map(({ label, share }) => `${label} ${formatPercent(share)}`);
      const text = `${file}  ${width}x${height}  ${shown.join(', ')}`;
      if (!writer) return { text, record: result };
      const document = { schemaVersion: 1, model, ...result };
      const paths = await writeLabelFiles(writer, image, { file, picture, labels, document });
      for (const one of Object.values(paths)) output.wrote(one, { remark: false });
      written += Object.values(paths).length;
      if (!picture) output.note(`${file}: no overlay, because an encoding holds no picture; name the picture beside --encoding.`);
      return { text, record: { ...result, files: paths } };
    };
    const status = await streamPictures(context, files, { model }, segmentFile, summary);
    if (summary !== undefined && !flags.quiet) output.note(`Wrote ${written} files to ${flags.output}`);
    return status;
  },
});

/** An encoding, of that picture if there is one. */
async function readEncodingOf(picture: Picture | undefined, path: string, backbone: Backbone): Promise<ImageEncoding> {
  const encoding = await readEncoding(path, backbone);
  const { width, height } = encoding.geometry;
  if (!picture || (picture.width === width && picture.height === height)) return encoding;
  const found = `${picture.width}x${picture.height}`;
  throw new VitaminError('USAGE', `Expected the picture of the encoding, ${width}x${height}, but received ${found}`);
}
