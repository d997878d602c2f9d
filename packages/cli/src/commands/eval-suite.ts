import { type Command, command } from '../command.ts';
import { runFlags } from '../evaluation/run-flags.ts';
import { modelFlags } from '../flags.ts';

/** Runs the zero-shot tasks of a list of data sets, and prints the averages that the papers print. */
export const evalSuite: Command = command({
  name: 'eval suite',
  summary: "run eval classify over a list of data sets, and print the papers' averages",
  inputs: { usage: '<file>', help: 'a folder a line, or JSON: [{"dataset": "DIR", "name": "...", "templates": "...", "metric": "acc1"}]' },
  flags: { ...modelFlags, limit: runFlags.limit, retryBroken: runFlags.retryBroken },
  writes: 'folder',
  notes: `-o DIR gets metrics.json (imagenet, dist_shift, vtab, retrieval, avg38: null unless all of their data
sets were run; average: of what was run; and each data set) and a folder of eval classify for each
data set. Started again it goes on where it stopped.`,
  async run(context) {
    const [{ runSuite }, { readSuite }] = await Promise.all([import('../evaluation/run-suite.ts'), import('../evaluation/suite-list.ts')]);
    return await runSuite(context, await readSuite(context.inputs[0]!));
  },
});
