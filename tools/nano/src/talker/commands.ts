import { Command } from 'commander';
import { type EvaluateFlags, evaluateCommand, exportCommand, trainCommand } from '../head-commands.ts';
import { describeScenes, evaluateTalker } from './evaluate.ts';
import { exportRun } from './export-run.ts';
import { trainNanoTalker } from './train.ts';

interface Flags extends EvaluateFlags {
  readonly captions?: boolean;
}

/** `talker train`, `talker export` and `talker evaluate`. */
export function talkerCommands(): Command {
  const evaluate = evaluateCommand("share of picture-world's questions answered right, by kind of question", 200)
    .option('--captions', 'tell what it says of the scenes, beside what they are')
    .action(async ({ model, tower, captions, ...scope }: Flags) => {
      const figures = captions ? await describeScenes(model, tower, scope) : await evaluateTalker(model, tower, { ...scope, blind: true });
      console.log(JSON.stringify(figures, null, 2));
    });
  return new Command('talker')
    .description('the talker of the embedded model')
    .addCommand(trainCommand('trains projector and language model on the frozen tower', 1000, trainNanoTalker))
    .addCommand(exportCommand('talker', exportRun))
    .addCommand(evaluate);
}
