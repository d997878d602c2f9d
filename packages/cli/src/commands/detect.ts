import type { WorkOptions } from '@vitamin-vlm/core';
import { type Command, command } from '../command.ts';
import { describeDetector, detectOptions, loadDetector, readDetectionEncoding } from '../detector.ts';
import { writeParts } from '../file-writer.ts';
import { choiceFlags, detectorFlags, encodingFlags, inputFlags, modelFlags, wordFlags } from '../flags.ts';
import { pictureInputs, picturesOf, streamPictures } from '../inputs.ts';
import type { Result } from '../output.ts';
import { pictureSource } from '../picture-source.ts';
import { readPrompts } from '../words.ts';
import type { CocoDocument } from '../work/detection-files.ts';

/** Lower scores are kept, but neither told nor drawn, unless --score asks for them. */
const SHOWN_FROM = 0.3;

/** Boxes around what the words name. With -o DIR it writes overlay and JSON of each picture, and one COCO document of all. */
export const detect: Command = command({
  name: 'detect',
  summary: 'find things in a picture by words: boxes, and masks where the detector has them',
  inputs: pictureInputs,
  flags: {
    ...modelFlags,
    ...detectorFlags,
    ...wordFlags,
    vocabulary: {
      kind: 'text',
      value: 'name',
      excludes: ['labels', 'label', 'labelsFile'],
      help: 'coco, lvis, or the categories of an annotation file',
    },
    like: { kind: 'repeated', value: 'image#x,y,w,h', help: 'find what looks like this box of that picture; may be repeated' },
    base: { kind: 'list', value: 'a,b,c', help: "labels scored as seen in training (default: the detector's own)" },
    background: { kind: 'list', value: 'a,b,c', help: 'words that are not wanted: they take their share of the score' },
    templates: { ...wordFlags.templates, default: 'fvit' },
    ...encodingFlags,
    ...inputFlags,
    ...choiceFlags,
    classAgnosticNms: { kind: 'switch', help: 'boxes of different labels suppress each other too' },
    masks: { kind: 'switch', help: 'masks as well, where the detector has them' },
  },
  writes: 'folder',
  notes: `Without words: the classes that the detector was trained with. Text and overlay show scores
from ${SHOWN_FROM} unless --score is given. -o DIR gets for each picture NAME.overlay.png and NAME.json,
and detections.json: a COCO document of all.`,
  async run(context) {
    const { flags, output, progress, signal, writer } = context;
    const { base, background, like = [], masks, encoding: path } = flags;
    const files = await picturesOf(context);
    const prompts = await readPrompts(flags.templates);
    const [{ decodeImage }, { readDetectionWords }, { lookAlikes }, { detectionText }, found] = await Promise.all([
      import('@vitamin-vlm/image'),
      import('../work/detection-words.ts'),
      import('../work/look-alikes.ts'),
      import('../work/detection-text.ts'),
      import('../work/detection-files.ts'),
    ]);
    const words = await readDetectionWords(flags);
    await using detector = await loadDetector(context);
    const model = describeDetector(detector);
    const options = { ...detectOptions(context), classAgnosticNms: flags.classAgnosticNms, masks, signal };
    const shown = await lookAlikes(detector, like, { ...options, onProgress: progress.reporter('--like') });
    // Pictures may stand in the place of words.
    const named = words ?? (shown.length > 0 ? [] : undefined);
    const vocabularyOptions = { ...options, prompts, base, background, like: shown, onProgress: progress.reporter('words') };
    const vocabulary = await detector.vocabulary(named, vocabularyOptions);
    const labels = vocabulary.labels.map(({ name }) => name);
    let place = -1; // of the picture in work
    const least = flags.score ?? SHOWN_FROM;
    const work = async (file: string, run: WorkOptions, document?: CocoDocument): Promise<Result> => {
      place++;
      // Without pictures the file is the encoding that is asked.
      const picture = file === path ? undefined : await decodeImage(await pictureSource(file));
      const source = path === undefined ? picture! : await readDetectionEncoding(path, picture);
      const result = await detector.detect(source, vocabulary, { ...options, ...run });
      const text = detectionText(file, result, least);
      const record = found.detectionRecord(file, result);
      await document?.add(place, result);
      if (!writer) return { text, record };
      const seen = result.detections.filter(({ score }) => score >= least);
      const written = await found.writeDetectionFiles(writer, {
        file,
        picture,
        labels,
        shown: seen,
        document: { schemaVersion: 1, model, ...record },
      });
      for (const one of Object.values(written)) output.wrote(one, { remark: false });
      if (!picture) output.note(`${file}: no overlay, because an encoding holds no picture; name the picture beside --encoding.`);
      return { text, record: { ...record, files: written } };
    };
    if (!writer) return await streamPictures(context, files, { model }, work);
    const target = await writer.path('detections.json');
    const status = await writeParts(target, async (sink) => {
      const document = new found.CocoDocument(files, labels, sink);
      const done = await streamPictures(context, files, { model }, (file, run) => work(file, run, document), null);
      await document.end();
      return done;
    });
    output.wrote(target);
    return status;
  },
});
