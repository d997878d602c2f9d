import { type Command, command } from '../command.ts';
import { evaluationFlags } from '../evaluation/run-flags.ts';

/** Joins the shards of an evaluation: the same files as one run over everything. */
export const evalMerge: Command = command({
  name: 'eval merge',
  summary: 'join the finished shards of an evaluation, and print its table',
  inputs: { usage: '<folder...>', help: 'the folders of all shards, in any order' },
  flags: {
    annotations: { kind: 'text', value: 'file', help: 'where the annotation file is now, if it has moved' },
    root: { kind: 'text', value: 'dir', help: 'where the data set is now, if it has moved' },
    ...evaluationFlags,
  },
  writes: 'folder',
  async run(context) {
    const { mergeEvaluations } = await import('../evaluation/merge-evaluations.ts');
    const { annotations, root } = context.flags;
    const moved = { ...(annotations === undefined ? {} : { annotations }), ...(root === undefined ? {} : { root }) };
    return await mergeEvaluations(context, context.inputs, moved);
  },
});
