import { type Command, command } from '../command.ts';
import { fitFlags, runFit } from '../work/fit-talker.ts';

/** LLaVA's first stage: the projector alone. */
export const trainProjector: Command = command({
  name: 'train projector',
  summary: "train a projector between a tower and a language model: LLaVA's first stage",
  flags: fitFlags,
  needs: [['data'], ['images'], ['llm']],
  writes: 'folder',
  notes: `The folder of -o holds mm_projector.bin and config.json as LLaVA writes them, log.jsonl and the
state. The same command goes on where an earlier one stopped; with other settings it is refused.
Ctrl-C saves first.`,
  run: async (context) => await runFit(context, 1),
});
