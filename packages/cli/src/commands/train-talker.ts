import { type Command, command } from '../command.ts';
import { fitFlags, runFit } from '../work/fit-talker.ts';

/** LLaVA's second stage, for language models that fit into memory with their gradients. */
export const trainTalker: Command = command({
  name: 'train talker',
  summary: "train projector and language model on conversations: LLaVA's second stage, at small scale",
  flags: {
    ...fitFlags,
    projector: { kind: 'text', value: 'file', help: 'what train projector wrote (default: a fresh one)' },
    captions: { kind: 'text', value: 'file', excludes: ['projector'], help: 'data of a first stage that comes before' },
  },
  needs: [['data'], ['images'], ['llm']],
  writes: 'folder',
  notes: `The folder of -o holds model (weights, config.json, tokenizer: for vitamin ask --llm), log.jsonl
and the state; with --captions the first stage lives in its folder stage-1. The same command goes
on where an earlier one stopped; with other settings it is refused. Ctrl-C saves first.
Everything is held in float32 with two means of gradients: 16 bytes a parameter.`,
  run: async (context) => await runFit(context, 2, context.flags),
});
