import { createHash } from 'node:crypto';
import path from 'node:path';
import { toArguments } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import type { FlagTable } from '../flag-table.ts';
import { globalFlags } from '../flags.ts';
import { queueFlags } from '../queue-flags.ts';
import { evalAnswer } from './eval-answer.ts';
import { evalClassify } from './eval-classify.ts';
import { evalDetect } from './eval-detect.ts';
import { evalSegment } from './eval-segment.ts';

/** Commands whose work can be done in shards by workers. */
const sharded: readonly Command[] = [evalClassify, evalDetect, evalSegment, evalAnswer];

/** What a worker takes out of a queue. Anything else in there is not ours. */
export const queueable: ReadonlySet<string> = new Set(sharded.map(({ name }) => name));

/** Of every command, what a run depends on wherever it is done. */
const carried: FlagTable = { device: globalFlags.device };

const submitFlags: FlagTable = {
  ...queueFlags,
  shards: { kind: 'whole', least: 1, value: 'n', default: 20, help: 'parts to do it in; best are some minutes each' },
  attempts: { kind: 'whole', least: 1, value: 'n', default: 5, help: 'tries of a shard, with longer and longer pauses' },
};

/** `submit eval detect`: the flags of `eval detect`, and where the queue is. */
export const submits: readonly Command[] = sharded.map((declared) => {
  const { shard: _shard, answers: _answers, ...flags } = declared.flags;
  return command({
    name: `submit ${declared.name}`,
    summary: `put vitamin ${declared.name} into a queue, in parts`,
    flags: { ...flags, ...submitFlags },
    needs: [...(declared.needs ?? []), ['queue']],
    writes: 'folder',
    notes: `-o DIR gets what one machine would have written, byte for byte, once workers (vitamin work) have
done all parts; those lie in DIR/shards. Workers must see the same files at the same places.
Submitted again, a run that has ended is looked through and what is missing is done.`,
    async run({ flags: values, sourceOf, output }) {
      const [{ submitRun }, { evaluationFolder }] = await Promise.all([
        import('@vitamin-vlm/queue'),
        import('../evaluation/run-evaluation.ts'),
      ]);
      const folder = path.resolve(await evaluationFolder({ flags: values }));
      const own = { ...flags, ...carried };
      const args = [...declared.name.split(' '), ...toArguments(own, values, sourceOf)];
      const { queue, shards, attempts } = values as unknown as { queue: string; shards: number; attempts: number };
      const cwd = process.cwd();
      const run = { id: idOf(folder, { args, cwd, shards }), args, cwd, folder, shards };
      const added = await submitRun(queue, run, { attempts });
      const text = added
        ? `Run ${run.id} waits in ${shards} shards. vitamin work does them, vitamin status says how they stand.`
        : `Run ${run.id} is under way already.`;
      await output.whole(text, { run: run.id, shards, folder, added });
      return 0;
    },
  });
});

/** The name of the folder, and what tells this run from another one of that name. */
function idOf(folder: string, run: object): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([folder, run]))
    .digest('hex')
    .slice(0, 8);
  return `${path
    .basename(folder)
    .replaceAll(/[^\w.-]+/gu, '-')
    .slice(0, 60)}-${digest}`;
}
