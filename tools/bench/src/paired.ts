/** One thing to time. */
export type Task = () => unknown;

/** Milliseconds since some moment. */
export type Clock = () => number;

export const wallTime: Clock = () => performance.now();

/** What all threads of this process have used: other processes do not count, waiting does not count, spinning does. */
export const cpuTime: Clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Milliseconds of each round. */
export interface PairedTimes {
  readonly ours: readonly number[];
  readonly peer: readonly number[];
}

/** Middle of the sorted values; the mean of the two middle ones when they are even in number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Times two tasks in turn, so that whatever else the machine does meets both alike. Each runs once before the first round; the
 * one that begins alternates. Tasks should take about the same time.
 */
export async function paired(rounds: number, clock: Clock, ours: Task, peer: Task): Promise<PairedTimes> {
  const times = { ours: [] as number[], peer: [] as number[] };
  await ours();
  await peer();
  for (let round = 0; round < rounds; round++) {
    for (const key of round % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)) {
      const start = clock();
      await (key === 'ours' ? ours : peer)();
      times[key].push(clock() - start);
    }
  }
  return times;
}

/** Median over rounds of ours / peer. */
export function medianRatio({ ours, peer }: PairedTimes): number {
  return median(ours.map((time, round) => time / peer[round]!));
}
