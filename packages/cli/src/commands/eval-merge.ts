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
    questions: { kind: 'text', value: 'file', help: 'where the question file is now, if it has moved' },
    images: { kind: 'text', value: 'dir', help: 'where the pictures are now, if they have moved' },
    ...evaluationFlags,
  },
  writes: 'folder',
  async run(context) {
    const { mergeEvaluations } = await import('../evaluation/merge-evaluations.ts');
    const { annotations, root, questions, images } = context.flags;
    const places = Object.entries({ annotations, root, questions, images });
    const moved = Object.fromEntries(places.flatMap(([name, place]) => (place === undefined ? [] : [[name, place]])));
    return await mergeEvaluations(context, context.inputs, moved);
  },
});
