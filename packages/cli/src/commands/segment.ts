import type { WorkOptions } from '@vitamin-vlm/core';
import { type Command, command } from '../command.ts';
import { writeAllParts } from '../file-writer.ts';
import { encodingFlags, inputFlags, maskFlags, modelFlags, segmenterFlags, segmentWordFlags, windowFlags, wordFlags } from '../flags.ts';
import { pictureInputs, picturesOf, streamPictures } from '../inputs.ts';
import type { Result } from '../output.ts';
import { pictureSource } from '../picture-source.ts';
import type { SegmentDocument } from '../work/segment-documents.ts';

/** Instances with a lower score are kept, but neither told nor drawn, unless --threshold asks for them. */
const SHOWN_FROM = 0.3;

/** What is where in a picture: by a segmenter where the model has one, else by its tower alone. With -o DIR it writes files that other tools read. */
export const segment: Command = command({
  name: 'segment',
  summary: 'what is where in a picture by words: panoptic, semantic, instance',
  inputs: pictureInputs,
  flags: {
    ...modelFlags,
    labels: wordFlags.labels,
    label: wordFlags.label,
    labelsFile: wordFlags.labelsFile,
    ...segmentWordFlags,
    task: {
      kind: 'choice',
      value: 'task',
      choices: ['panoptic', 'semantic', 'instance', 'all'],
      help: 'panoptic, semantic, instance or all (default: panoptic; a tower alone knows semantic only)',
    },
    threshold: { kind: 'fraction', value: 'p', help: 'what is less sure is none of the labels (default: 0)' },
    ...maskFlags,
    ...segmenterFlags,
    size: { ...windowFlags.size, help: 'a tower alone: scale the shortest edge to this length (default: the window)' },
    ...encodingFlags,
    ...inputFlags,
    format: {
      kind: 'list',
      value: 'names',
      help: 'outlines in -o DIR as well: geojson, labelme, label-studio, cvat',
    },
    trainingFree: { kind: 'switch', help: 'use the tower alone, also where the model has a segmenter' },
  },
  writes: 'folder',
  notes: `Without words: the classes that the segmenter was trained with. Text and overlay show instances
from ${SHOWN_FROM} unless --threshold is given. -o DIR gets for each picture NAME.overlay.png and NAME.json,
and summary.json; by task panoptic/NAME.png and panoptic.json (COCO panoptic), semantic/NAME.png and
semantic.json (a label per pixel, 255 or 65535 for none), instances.json (COCO results); by --format
geojson/NAME.geojson, labelme/NAME.json, label-studio.json, cvat.xml.`,
  async run(context) {
    const { flags, output, writer } = context;
    const files = await picturesOf(context);
    const [{ decodeImage }, { openPictureSegmenter }, { segmentRecord, segmentText }, { writeSegmentFiles, checkedFormats }, documents] =
      await Promise.all([
        import('@vitamin-vlm/image'),
        import('../work/picture-segmenter.ts'),
        import('../work/segment-record.ts'),
        import('../work/segment-files.ts'),
        import('../work/segment-documents.ts'),
      ]);
    const formats = checkedFormats(flags.format ?? [], writer);
    await using segmenter = await openPictureSegmenter(context);
    const { method, task, model, labels, things = labels.map(() => true) } = segmenter;
    const head = { model, method, task };
    const least = flags.threshold ?? SHOWN_FROM;
    let place = -1; // of the picture in work
    let written = 0;
    const work = async (file: string, options: WorkOptions, open: readonly SegmentDocument[] = []): Promise<Result> => {
      place++;
      // Without pictures the file is the encoding that is asked.
      const picture = file === flags.encoding ? undefined : await decodeImage(await pictureSource(file));
      const found = await segmenter.segment(picture, options);
      const record = segmentRecord(file, found);
      const text = segmentText(file, method, found, least);
      if (!writer) return { text, record };
      const document = { schemaVersion: 1, ...head, ...record };
      const { files: paths, shapes } = await writeSegmentFiles(writer, { file, picture, found, least, document, formats });
      for (const one of open) await one.add(place, { found, shapes, files: paths });
      for (const one of Object.values(paths)) output.wrote(one, { remark: false });
      written += Object.values(paths).length;
      if (!picture) output.note(`${file}: no overlay, because an encoding holds no picture; name the picture beside --encoding.`);
      return { text, record: { ...record, files: paths } };
    };
    if (!writer) return await streamPictures(context, files, head, work);
    const wanted = task === 'all' ? (['panoptic', 'semantic', 'instance'] as const) : [task];
    const documented = formats.filter((format) => format === 'label-studio' || format === 'cvat');
    const kinds = [...wanted, ...documented].map((kind) => documents.documentKinds[kind]);
    const targets = await Promise.all(kinds.map(async ({ name }) => await writer.path(name)));
    const summary = await writer.path('summary.json');
    const status = await writeAllParts(targets, async (sinks) => {
      const open = kinds.map(({ begin }, i) => begin({ files, labels, things, model: model.name }, sinks[i]!));
      const done = await streamPictures(context, files, head, async (file, options) => await work(file, options, open), summary);
      for (const one of open) await one.end();
      return done;
    });
    for (const target of targets) output.wrote(target, { remark: false });
    if (!flags.quiet) output.note(`Wrote ${written + targets.length + 1} files to ${flags.output}`);
    return status;
  },
});
