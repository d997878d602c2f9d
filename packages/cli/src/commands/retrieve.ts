import { VitaminError } from '@vitamin-vlm/core';
import { type Command, command } from '../command.ts';
import { inputFlags, modelFlags } from '../flags.ts';
import { noImage, pictureInputs } from '../inputs.ts';

/** Pictures by cosine similarity to texts, or recall over captions. */
export const retrieve: Command = command({
  name: 'retrieve',
  summary: 'find pictures by words, or measure how well pictures and captions find each other',
  inputs: pictureInputs,
  flags: {
    ...modelFlags,
    ...inputFlags,
    index: {
      kind: 'text',
      value: 'file',
      excludes: ['captions', 'filesFrom'],
      help: 'ask what vitamin encode kept of many pictures, instead of reading them',
    },
    query: { kind: 'repeated', value: 'text', help: 'rank the pictures by this text; may be given several times' },
    captions: { kind: 'text', value: 'file', excludes: ['query'], help: 'report R@1, R@5 and R@10 of both directions' },
    top: { kind: 'whole', least: 1, value: 'n', help: 'how many pictures, best first (default: 5 as text, all as JSON)' },
  },
  needs: [['query', 'captions']],
  notes: `A captions file is COCO's (images, annotations with image_id and caption), or JSON of the form
{"street.jpg": "a red bus", "park.jpg": ["a dog", "a dog on grass"]}. Its file names start at the
one folder that is given.`,
  async run(context) {
    const { query, captions, top, index, filesFrom } = context.flags;
    const given = context.inputs.length > 0 || filesFrom !== undefined;
    if (!given && index === undefined) throw noImage();
    if (given && index !== undefined) throw new VitaminError('USAGE', 'Expected either pictures or --index but received both');
    if (index !== undefined) return await (await import('../work/rank-index.ts')).rankIndex(context, index, query ?? [], top);
    if (captions !== undefined) return await (await import('../work/recall.ts')).recall(context, captions);
    return await (await import('../work/rank.ts')).rank(context, query ?? [], top);
  },
});
