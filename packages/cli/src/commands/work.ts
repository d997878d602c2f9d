import { fileURLToPath } from 'node:url';
import { VitaminError } from '@vitamin-vlm/core';
import type { Task, WorkEvent } from '@vitamin-vlm/queue';
import { toArguments } from '../arguments.ts';
import { type Command, command } from '../command.ts';
import { SOME_FAILED } from '../exit-code.ts';
import { globalFlags } from '../flags.ts';
import { queueFlags } from '../queue-flags.ts';
import { formatSeconds } from '../text.ts';
import { queueable } from './submit.ts';

/** What differs from machine to machine, and changes no result. */
const { threads, offline, cacheDir } = globalFlags;

/** Does shards of the runs in a queue until it is stopped. Any number of these may run, on any number of machines. */
export const work: Command = command({
  name: 'work',
  summary: 'do shards of the runs in a queue, on this machine',
  flags: {
    ...queueFlags,
    untilDone: { kind: 'switch', help: 'end when no run is left, instead of waiting for the next' },
    lock: {
      kind: 'whole',
      least: 1,
      value: 's',
      default: 300,
      help: 'a worker that gave no sign for this long has lost its shard to another one',
    },
    silence: {
      kind: 'whole',
      least: 1,
      value: 's',
      default: 900,
      help: 'a shard without progress for this long is killed and tried again',
    },
  },
  needs: [['queue']],
  writes: { nothing: 'Results go where the run was submitted for.' },
  notes: `One shard at a time, each in a process of its own: start one worker for each graphics card, or for
some of the cores (--threads). Killed at any moment it loses the picture in work. Ctrl-C gives the
shard back.`,
  async run({ flags, sourceOf, output, signal }) {
    const { queue = '', untilDone, lock, silence } = flags;
    const { work: start } = await import('@vitamin-vlm/queue');
    const own = toArguments({ threads, offline, cacheDir }, flags, sourceOf);
    let lost = 0;
    output.note(`Working for ${queue.replace(/\/\/[^@/]*@/u, '//')} (Ctrl-C ends it)`);
    await start({
      url: queue,
      program: fileURLToPath(new URL('../../bin/vitamin.js', import.meta.url)),
      argumentsOf: (task) => [...argumentsOf(task), ...own],
      // What a variable of this machine says must not change a result.
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITAMIN_'))),
      lockMs: lock * 1000,
      silenceMs: silence * 1000,
      untilDone,
      signal,
      onEvent: (event) => {
        if (event.kind === 'failed' && event.last) lost++;
        tell(event, output);
      },
    });
    return lost > 0 ? SOME_FAILED : 0;
  },
});

/** The command that does a task. @throws VitaminError `USAGE` for one that is not ours. */
function argumentsOf(task: Task): string[] {
  const { args, folder } = task.run;
  const name = args.slice(0, 2).join(' ');
  if (!queueable.has(name)) {
    throw new VitaminError('USAGE', `Expected ${[...queueable].join(', ')} of a queued run but received ${JSON.stringify(name)}`);
  }
  if (task.kind === 'shard') return [...args, '--shard', `${task.shard.index}/${task.shard.count}`, '-o', task.folder, '--json'];
  const report = args.includes('--report') ? ['--report'] : [];
  return ['eval', 'merge', ...task.folders, '-o', folder, '--force', '--json', ...report]; // whether to write there was asked at the start
}

function tell(event: WorkEvent, output: Parameters<Command['run']>[0]['output']): void {
  if (event.kind === 'trouble') return output.warn(`The queue cannot be reached for now: ${event.message}`);
  const { kind, task } = event;
  const what = task.kind === 'merge' ? `${task.run.id}  all shards` : `${task.run.id}  shard ${task.shard.index} of ${task.shard.count}`;
  const record = { run: task.run.id, shard: task.kind === 'merge' ? null : task.shard.index };
  if (kind === 'started') output.detail(`${what}  started`);
  else if (kind === 'taken') output.detail(`${what}  waits: ${event.message}`);
  else if (kind === 'failed') {
    output.item(undefined, { ...record, failed: event.message, last: event.last });
    output.error('RUNTIME', `${what}  ${event.last ? 'given up' : 'to be tried again'}: ${event.message}`);
  } else {
    const { items, broken, seconds } = event;
    const count = task.kind === 'merge' ? 'joined' : `${items} items${broken > 0 ? `, ${broken} broken` : ''}`;
    output.item(`${what}  ${count}  ${formatSeconds(seconds)}`, { ...record, items, broken, seconds });
  }
}
