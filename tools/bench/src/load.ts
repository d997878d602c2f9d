import { median } from './paired.ts';

/** What clients saw that asked one after the other, all at once. */
export interface Load {
  /** Answers with status 200 in a second. */
  readonly perSecond: number;
  /** Milliseconds until an answer. */
  readonly p50: number;
  readonly p99: number;
  /** Requests that were told to come again. */
  readonly refused: number;
}

/**
 * Lets clients ask until so many requests are done: each asks its next question when it has its answer.
 *
 * @param ask - Makes a request and returns its status: 200, or 429 of a server that is full.
 */
export async function drive(clients: number, requests: number, ask: (index: number) => Promise<number>): Promise<Load> {
  const times: number[] = [];
  let [next, refused] = [0, 0];
  const client = async (): Promise<void> => {
    while (next < requests) {
      const index = next++;
      const start = performance.now();
      const status = await ask(index);
      if (status === 200) times.push(performance.now() - start);
      else if (status === 429) refused++;
      else throw new Error(`Expected an answer but received status ${status}`);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - start) / 1000;
  return { perSecond: times.length / seconds, p50: median(times), p99: quantile(times, 0.99), refused };
}

/** The value that this share of all values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
