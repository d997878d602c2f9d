import { VitaminError } from '@vitamin-vlm/core';
import type { RunStatus } from '@vitamin-vlm/queue';
import { type Command, command } from '../command.ts';
import { SOME_FAILED } from '../exit-code.ts';
import { queueFlags } from '../queue-flags.ts';
import { formatPercent, formatSeconds, table } from '../text.ts';

/** How the runs in a queue stand. */
export const status: Command = command({
  name: 'status',
  summary: 'how the runs in a queue stand: progress, time left, failures',
  inputs: { usage: '[run...]', help: 'only these runs; the status is 3 when one of them has failed' },
  flags: queueFlags,
  needs: [['queue']],
  async run({ inputs, flags: { queue = '' }, output, writer }) {
    const { readStatus } = await import('@vitamin-vlm/queue');
    const all = await readStatus(queue);
    const missing = inputs.find((id) => !all.some((run) => run.id === id));
    if (missing !== undefined) {
      throw new VitaminError(
        'INPUT_NOT_FOUND',
        `Expected a run ${missing} in the queue but found ${all.map(({ id }) => id).join(', ') || 'none'}`,
      );
    }
    const runs = inputs.length === 0 ? all : all.filter(({ id }) => inputs.includes(id));
    await output.whole(runs.length === 0 ? 'No runs' : textOf(runs), { runs }, writer);
    return inputs.length > 0 && runs.some(({ state }) => state === 'failed') ? SOME_FAILED : 0;
  },
});

function textOf(runs: readonly RunStatus[]): string {
  const rows = runs.map(({ id, state, shards, done, active, waiting, failed, fraction, secondsLeft }) => [
    id,
    state,
    formatPercent(fraction),
    `${done} of ${shards} shards`,
    [`${active} in work`, `${waiting} waiting`, ...(failed > 0 ? [`${failed} failed`] : [])].join(', '),
    secondsLeft === undefined ? '' : `${formatSeconds(secondsLeft)} left`,
  ]);
  const failures = runs.flatMap(({ id, failures: list, message }) => [
    ...list.map(
      ({ shard, attempts, worker, message: why }) => `${id}  shard ${shard}, ${attempts} tries, last on ${worker ?? 'no worker'}: ${why}`,
    ),
    ...(message === undefined ? [] : [`${id}  ${message}`]),
  ]);
  return [table(rows, [2]), ...failures].join('\n');
}
