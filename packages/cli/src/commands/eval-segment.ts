import { type Command, command } from '../command.ts';
import { evaluationFlags, runFlags } from '../evaluation/run-flags.ts';
import { segmentDataFlags } from '../evaluation/segment-data-flags.ts';
import { maskFlags, modelFlags, segmenterFlags, wordFlags } from '../flags.ts';

/** Runs a segmenter over a data set, resumably, and prints PQ, mIoU and AP. */
export const evalSegment: Command = command({
  name: 'eval segment',
  summary: 'run a segmenter over a data set, and print PQ, mIoU and AP',
  flags: {
    ...segmentDataFlags,
    task: {
      kind: 'choice',
      value: 'name',
      choices: ['all', 'panoptic', 'semantic', 'instance'],
      default: 'all',
      help: 'what is measured, of what the data set has the truth for',
    },
    model: modelFlags.model,
    ...segmenterFlags,
    templates: { ...wordFlags.templates, default: 'fcclip' },
    ...maskFlags,
    ...runFlags,
    ...evaluationFlags,
  },
  needs: [['root', 'images']],
  writes: 'folder',
  notes: `-o DIR gets panoptic.json and panoptic/ as panopticapi reads them, semantic/, instances.json (results
of COCO with run lengths), metrics.json (numbers from 0 to 1), classes.json and run.json (every
setting). Started again it goes on where it stopped: a kill loses the picture in work, and the
finished files are the same bytes.`,
  async run(context) {
    const [{ evaluationFolder, runEvaluation }, { segmentEvaluation }, { segmentPlaces }, { loadSegmenter }] = await Promise.all([
      import('../evaluation/run-evaluation.ts'),
      import('../evaluation/evaluate-segments.ts'),
      import('../evaluation/segment-source.ts'),
      import('../segmenter.ts'),
    ]);
    const folder = await evaluationFolder(context);
    const places = segmentPlaces(context);
    await using segmenter = await loadSegmenter(context);
    return await runEvaluation(context, folder, await segmentEvaluation(context, segmenter, places, folder));
  },
});
