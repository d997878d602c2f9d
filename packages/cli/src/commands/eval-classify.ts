import { type Command, command } from '../command.ts';
import { runFlags } from '../evaluation/run-flags.ts';
import { modelFlags, wordFlags } from '../flags.ts';

/** Runs a zero-shot task over a data set, resumably, and prints its numbers. */
export const evalClassify: Command = command({
  name: 'eval classify',
  summary: 'run zero-shot classification or retrieval over a data set, and print its numbers',
  flags: {
    dataset: { kind: 'text', value: 'dir', help: 'a webdataset with classnames.txt, or a folder with one for each class' },
    ...modelFlags,
    templates: {
      kind: wordFlags.templates.kind,
      value: wordFlags.templates.value,
      help: 'prompts instead of those of the data set: simple, imagenet7, imagenet80, or "a sketch of a {}."',
    },
    ...runFlags,
  },
  needs: [['dataset']],
  writes: 'folder',
  notes: `-o DIR gets metrics.json (numbers from 0 to 1 by DataComp's names, main stands for the data set) and
run.json (every setting). Started again it goes on where it stopped.`,
  async run(context) {
    const [{ evaluationFolder, runEvaluation }, { zeroShotEvaluation }, { openZeroShotData }, { loadModel }, path] = await Promise.all([
      import('../evaluation/run-evaluation.ts'),
      import('../evaluation/evaluate-classification.ts'),
      import('../data-sets/open-zero-shot-data.ts'),
      import('../model.ts'),
      import('node:path'),
    ]);
    const { dataset = '', templates, limit } = context.flags;
    const folder = await evaluationFolder(context);
    const data = await openZeroShotData(dataset);
    await using backbone = await loadModel(context);
    try {
      const options = { folder: path.resolve(dataset), templates, limit };
      const evaluation = await zeroShotEvaluation(context, backbone, data, options);
      return await runEvaluation({ ...context, flags: { ...context.flags, report: false } }, folder, evaluation);
    } finally {
      await data.close();
    }
  },
});
