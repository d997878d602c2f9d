import { type Command, command } from '../command.ts';
import { encodingFlags, modelFlags, wordFlags } from '../flags.ts';
import { pictureInputs, picturesOf, streamPictures } from '../inputs.ts';
import { describeModel, loadModel, readEncoding } from '../model.ts';
import { formatPercent } from '../text.ts';
import { loadVocabulary, readWords } from '../words.ts';

/** Labels in a line of text. */
const SHOWN = 5;

/** Zero-shot labels of pictures. Scores are the softmax over the labels asked, so they sum to one. */
export const classify: Command = command({
  name: 'classify',
  summary: 'what is in a picture: labels by probability',
  inputs: pictureInputs,
  flags: {
    ...modelFlags,
    ...wordFlags,
    ...encodingFlags,
    top: { kind: 'whole', least: 1, value: 'n', help: 'how many labels, best first (default: 5 as text, all as JSON)' },
  },
  needs: [['labels', 'labelsFile']],
  async run(context) {
    const { top, encoding: path } = context.flags;
    const pictures = await picturesOf(context);
    const words = await readWords(context);
    const { classifyEncoding } = await import('@vitamin-vlm/backbone');
    await using backbone = await loadModel(context);
    const vocabulary = await loadVocabulary(context, backbone, words);
    return await streamPictures(context, pictures, { model: describeModel(backbone) }, async (file, options) => {
      const encoding = path === undefined ? await backbone.encodeImage(file, options) : await readEncoding(path, backbone);
      const scored = classifyEncoding(encoding, vocabulary);
      const { width, height } = encoding.geometry;
      const shown = scored.slice(0, top ?? SHOWN).map(({ label, score }) => `${label} ${formatPercent(score)}`);
      return { text: `${file}  ${width}x${height}  ${shown.join(', ')}`, record: { file, width, height, labels: scored.slice(0, top) } };
    });
  },
});
