import { type Command, command } from '../command.ts';
import { evaluationFlags } from '../evaluation/run-flags.ts';

/** Joins the shards of an evaluation: the same files as one run over everything. The parts of coco-eval, which are files, go to its own merge. */
export const evalMerge: Command = command({
  name: 'eval merge',
  summary: 'join the finished shards of an evaluation, and print its table',
  inputs: { usage: '<part...>', help: 'the folders of all shards, in any order; or files of coco-eval --shard' },
  flags: {
    annotations: { kind: 'text', value: 'file', help: 'where the annotation file is now, if it has moved' },
    root: { kind: 'text', value: 'dir', help: 'where the data set is now, if it has moved' },
    questions: { kind: 'text', value: 'file', help: 'where the question file is now, if it has moved' },
    images: { kind: 'text', value: 'dir', help: 'where the pictures are now, if they have moved' },
    ...evaluationFlags,
  },
  writes: 'folder',
  async run(context) {
    const { mergeCocoEvalParts } = await import('../work/merge-coco-eval-parts.ts');
    const status = await mergeCocoEvalParts(context);
    if (status !== undefined) return status;
    const { mergeEvaluations } = await import('../evaluation/merge-evaluations.ts');
    const { annotations, root, questions, images } = context.flags;
    const places = Object.entries({ annotations, root, questions, images });
    const moved = Object.fromEntries(places.flatMap(([name, place]) => (place === undefined ? [] : [[name, place]])));
    return await mergeEvaluations(context, context.inputs, moved);
  },
});
