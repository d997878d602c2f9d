import { type Command, command } from '../command.ts';
import { loadDetector } from '../detector.ts';
import { dataFlags } from '../evaluation/data-flags.ts';
import { evaluationFlags, runFlags } from '../evaluation/run-flags.ts';
import { choiceFlags, detectorFlags, modelFlags, wordFlags } from '../flags.ts';

/** Runs a detector over a COCO- or LVIS-style data set, resumably, and prints the table. */
export const evalDetect: Command = command({
  name: 'eval detect',
  summary: 'run a detector over a data set of COCO or LVIS, and print its table',
  flags: {
    ...dataFlags,
    ...modelFlags,
    ...detectorFlags,
    templates: { ...wordFlags.templates, default: 'fvit' },
    ...choiceFlags,
    ...runFlags,
    ...evaluationFlags,
  },
  needs: [['root', 'annotations']],
  writes: 'folder',
  notes: `-o DIR gets detections.json, metrics.json (numbers from 0 to 1) and run.json (every setting).
Started again it goes on where it stopped: a kill loses the picture in work, and the finished
files are the same bytes.`,
  async run(context) {
    const [{ evaluationFolder, runEvaluation }, { detectionEvaluation, findPlaces }] = await Promise.all([
      import('../evaluation/run-evaluation.ts'),
      import('../evaluation/evaluate-detections.ts'),
    ]);
    const folder = await evaluationFolder(context);
    const places = await findPlaces(context);
    await using detector = await loadDetector(context);
    return await runEvaluation(context, folder, await detectionEvaluation(context, detector, places));
  },
});
