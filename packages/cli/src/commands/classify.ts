import { type Command, command } from '../command.ts';
import { encodingFlags, inputFlags, modelFlags, wordFlags } from '../flags.ts';
import { pictureInputs, picturesOf, streamPictures } from '../inputs.ts';
import { describeModel, loadModel, readEncoding } from '../model.ts';
import { pictureSource } from '../picture-source.ts';
import { formatPercent, oneLine } from '../text.ts';
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
    ...inputFlags,
    cosine: { kind: 'switch', help: 'scores are cosines, which do not depend on the other labels, instead of shares' },
    top: { kind: 'whole', least: 1, value: 'n', help: 'how many labels, best first (default: 5 as text, all as JSON)' },
  },
  needs: [['labels', 'labelsFile']],
  async run(context) {
    const { top, cosine, encoding: path } = context.flags;
    const pictures = await picturesOf(context);
    const words = await readWords(context);
    const { classifyEncoding } = await import('@vitamin-vlm/backbone');
    const { strangerRemark } = await import('../work/strangers.ts');
    await using backbone = await loadModel(context);
    const vocabulary = await loadVocabulary(context, backbone, words);
    const remark = await strangerRemark(context, backbone);
    return await streamPictures(context, pictures, { model: describeModel(backbone) }, async (file, options) => {
      const encoding =
        path === undefined ? await backbone.encodeImage(await pictureSource(file), options) : await readEncoding(path, backbone);
      remark(file, encoding);
      const scored = classifyEncoding(encoding, vocabulary, { cosine });
      const { width, height } = encoding.geometry;
      const shown = scored.slice(0, top ?? SHOWN).map(({ label, score }) => `${label} ${cosine ? score.toFixed(3) : formatPercent(score)}`);
      return {
        text: `${oneLine(file)}  ${width}x${height}  ${shown.join(', ')}`,
        record: { file, width, height, labels: scored.slice(0, top) },
      };
    });
  },
});
