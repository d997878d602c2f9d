import { VitaminError } from '@vitamin-vlm/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { retrying, Transient } from '../../src/hub/retry.ts';

const reason = new VitaminError('NETWORK', 'Expected an answer but found none');
const waits: number[] = [];

// The pauses are seconds: only their lengths are of interest here.
vi.mock(import('node:timers/promises'), async (original) => {
  const { setTimeout: sleep, ...others } = await original();
  const noted = async (milliseconds?: number, value?: unknown, options?: object): Promise<unknown> => {
    waits.push(milliseconds ?? 0);
    return await sleep(0, value, options);
  };
  return { ...others, setTimeout: noted as typeof sleep };
});
beforeEach(() => void (waits.length = 0));
afterEach(() => void vi.restoreAllMocks());

function failing(times: number, wait?: number): { attempt: () => Promise<string>; made: () => number } {
  let made = 0;
  const attempt = async (): Promise<string> => {
    if (made++ < times) throw new Transient(reason, wait);
    return 'done';
  };
  return { attempt, made: () => made };
}

it('tries again after pauses that double, and gives up at the fifth failure in a row with the reason', async () => {
  const passing = failing(4);
  expect(await retrying(passing.attempt, undefined)).toBe('done');
  expect(passing.made()).toBe(5);
  expect(waits).toEqual([250, 500, 1000, 2000]);
  const lasting = failing(99);
  await expect(retrying(lasting.attempt, undefined)).rejects.toBe(reason);
  expect(lasting.made()).toBe(5);
});

it('counts afresh as long as new ground is reached, and only then', async () => {
  let position = 0;
  let made = 0;
  const advancing = async (): Promise<string> => {
    if (++made > 20) return 'done';
    position += 10;
    throw new Transient(reason);
  };
  expect(await retrying(advancing, undefined, () => position)).toBe('done');
  expect(new Set(waits)).toEqual(new Set([250]));

  // It always breaks at byte 50, or falls back behind it: no progress.
  waits.length = 0;
  made = 0;
  const stuck = async (): Promise<string> => {
    position = [50, 50, 30, 40, 50, 50, 50][made++]!;
    throw new Transient(reason);
  };
  position = 0;
  await expect(retrying(stuck, undefined, () => position)).rejects.toBe(reason);
  expect(made).toBe(5);
  expect(waits).toEqual([250, 500, 1000, 2000]);
});

it('waits as long as the server asks, up to a minute; longer, and it ends at once', async () => {
  expect(await retrying(failing(1, 60_000).attempt, undefined)).toBe('done');
  expect(waits).toEqual([60_000]);
  const patient = failing(1, 60_001);
  await expect(retrying(patient.attempt, undefined)).rejects.toBe(reason);
  expect(patient.made()).toBe(1);
});

it('throws at once what will not pass by itself, and stops when the signal fires', async () => {
  const error = new VitaminError('AUTH', 'Expected a token');
  let made = 0;
  const attempt = async (): Promise<never> => {
    made++;
    throw error;
  };
  await expect(retrying(attempt, undefined)).rejects.toBe(error);
  expect(made).toBe(1);
  await expect(retrying(failing(1).attempt, AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
});
