import { expect, it } from 'vitest';
import { Progress } from '../src/progress.ts';

/** A stream that keeps what is written, and a clock that is set by hand. */
function scene(isTTY: boolean, enabled = true): { progress: Progress; written: string[]; at: (ms: number) => Progress } {
  const written: string[] = [];
  let now = 1;
  const progress = new Progress({ isTTY, columns: 60, write: (text: string) => written.push(text) }, enabled, () => now);
  const at = (ms: number): Progress => {
    now = ms;
    return progress;
  };
  return { progress, written, at };
}

it('redraws one line on a terminal at most ten times a second, and erases it', () => {
  const { written, at } = scene(true);
  for (let ms = 1; ms <= 2000; ms += 10) at(ms).update('work', ms / 2000);
  expect(written.length).toBeGreaterThan(10);
  expect(written.length).toBeLessThanOrEqual(16); // 1.5 s after half a second of patience
  expect(written.every((text) => text.startsWith('\r\u001b[K') && !text.includes('\n') && text.length < 64)).toBe(true);
  at(2001).clear();
  expect(written.at(-1)).toBe('\r\u001b[K');
});

it('writes a line every 10 % or 30 s elsewhere', () => {
  const quick = scene(false);
  for (let i = 0; i <= 1000; i++) quick.at(1 + 10 * i).update('work', i / 1000);
  expect(quick.written.length).toBe(10);
  expect(quick.written[0]).toMatch(/^ {2}10 % {2}work\n$/u);
  const slow = scene(false);
  for (let s = 0; s <= 100; s++) slow.at(1 + 1000 * s).update('work', 0.05);
  expect(slow.written.length).toBe(3);
});

it('shows nothing for short work or when switched off', () => {
  const short = scene(true);
  short.at(1).update('work', 0.1);
  short.at(300).update('work', 0.9);
  short.progress.clear();
  const off = scene(true, false);
  for (let s = 0; s < 9; s++) off.at(1000 * s).update('work', s / 9);
  expect([short.written, off.written]).toEqual([[], []]);
});

it('tells of a download its size, rate and remaining time', () => {
  const { written, at, progress } = scene(false);
  const report = progress.reporter('model');
  report({ phase: 'download', file: 'model.bin', loaded: 100e6, total: 300e6 });
  at(2001);
  report({ phase: 'download', file: 'model.bin', loaded: 200e6, total: 300e6 });
  expect(written.at(-1)).toBe('  67 %  model.bin  200.0 MB of 300.0 MB  50.0 MB/s  2 s left\n');
});

it('counts finished pictures and the windows of the running one', () => {
  const { written, at, progress } = scene(false);
  const report = progress.reporter('b.png', 1, 4);
  report({ phase: 'run', done: 0, total: 8 });
  at(1001);
  report({ phase: 'run', done: 4, total: 8 });
  expect(written).toEqual(['  38 %  2 of 4  b.png  step 4 of 8\n']);
});

it('tells of several pictures which one runs by its name alone, how fast they go and how long it takes', () => {
  const { written, at, progress } = scene(false);
  progress.reporter('/a/long/way/a.png', 0, 10)({ phase: 'run', done: 0, total: 1 });
  at(2001);
  progress.reporter('/a/long/way/b.png', 5, 10)({ phase: 'run', done: 0, total: 1 });
  expect(written.at(-1)).toBe('  50 %  6 of 10  b.png  2.5/s  2 s left\n');
});
