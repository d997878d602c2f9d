import { type Command, command } from '../command.ts';
import { modelFlags } from '../flags.ts';

/** Pictures by cosine similarity to texts, or recall over captions. */
export const retrieve: Command = command({
  name: 'retrieve',
  summary: 'find pictures by words, or measure how well pictures and captions find each other',
  inputs: { usage: '<image...>', help: 'image files, folders of them, or patterns such as "photos/**/*.jpg"' },
  flags: {
    ...modelFlags,
    query: { kind: 'repeated', value: 'text', help: 'rank the pictures by this text; may be given several times' },
    captions: { kind: 'text', value: 'file', excludes: ['query'], help: 'report R@1, R@5 and R@10 of both directions' },
    top: { kind: 'whole', least: 1, value: 'n', help: 'how many pictures, best first (default: 5 as text, all as JSON)' },
  },
  needs: [['query', 'captions']],
  notes: `A captions file is COCO's (images, annotations with image_id and caption), or JSON of the form
{"street.jpg": "a red bus", "park.jpg": ["a dog", "a dog on grass"]}. Its file names start at the
one folder that is given.`,
  async run(context) {
    const { query, captions, top } = context.flags;
    if (captions !== undefined) return await (await import('../work/recall.ts')).recall(context, captions);
    return await (await import('../work/rank.ts')).rank(context, query ?? [], top);
  },
});
