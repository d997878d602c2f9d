import { basename } from 'node:path';
import type { ProgressEvent } from '@vitamin-vlm/core';
import type { OutputStream } from './streams.ts';
import { formatBytes, formatPercent, formatSeconds, oneLine, printable } from './text.ts';

/** At most ten redraws a second. */
const REDRAW_MS = 100;
/** Work shorter than this shows nothing. */
const PATIENCE_MS = 500;
/** Off a terminal: a line every tenth of the work, or after this long. */
const LOG_MS = 30_000;

/**
 * Progress on stderr: on a terminal one line that is redrawn and erased in the end, elsewhere a line every 10 % or 30 s. Written here because cli-progress
 * 3.12 logs by time only when it is not on a terminal and has had no release since, and spinners (ora, nanospinner) know no share of the work.
 */
export class Progress {
  readonly #stream: OutputStream;
  readonly #enabled: boolean;
  readonly #now: () => number;
  #started: number | undefined;
  #last = 0;
  #tenth = 0;
  /** When the first of several pictures began. */
  #batch: number | undefined;
  #drawn = false;

  constructor(stream: OutputStream, enabled: boolean, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#enabled = enabled;
    this.#now = now;
  }

  /**
   * Shows where the work stands.
   *
   * @param fraction - 0..1; undefined where the total is not known.
   * @param logMs - Off a terminal a line this often, and none for each tenth: for work of hours.
   */
  update(text: string, fraction: number | undefined, logMs?: number): void {
    if (!this.#enabled) return;
    const now = this.#now();
    this.#started ??= now;
    if (now - this.#started < PATIENCE_MS) return;
    const line = fraction === undefined ? text : `${formatPercent(Math.min(fraction, 1)).padStart(6)}  ${text}`;
    if (this.#stream.isTTY) {
      if (now - this.#last < REDRAW_MS) return;
      this.#stream.write(`\r\u001b[K${printable(line).slice(0, Math.max((this.#stream.columns ?? 80) - 1, 20))}`);
      this.#drawn = true;
    } else {
      const tenth = Math.floor((fraction ?? 0) * 10);
      if ((logMs !== undefined || tenth === this.#tenth) && now - (this.#last || this.#started) < (logMs ?? LOG_MS)) return;
      this.#tenth = tenth;
      this.#stream.write(`${printable(line)}\n`);
    }
    this.#last = now;
  }

  /** Erases the line; must come before anything else is printed. */
  clear(): void {
    if (this.#drawn) this.#stream.write('\r\u001b[K');
    this.#drawn = false;
  }

  /** Pictures a second and the time that is left, from the second picture on. */
  #pace(done: number, count: number): string {
    const seconds = (this.#now() - (this.#batch ?? this.#now())) / 1000;
    if (done === 0 || seconds <= 0) return '';
    const rate = done / seconds;
    return `  ${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s  ${formatSeconds((count - done) / rate)} left`;
  }

  /** A receiver of events for one piece of work out of `count`, of which `done` are finished. */
  reporter(name: string, done = 0, count = 1): (event: ProgressEvent) => void {
    const started = this.#now();
    if (done === 0 && count > 1) this.#batch = started;
    // Of a folder of pictures only the name: the line is short.
    const shown = count > 1 ? oneLine(basename(name)) : name;
    let first: number | undefined;
    return (event) => {
      if (event.phase === 'download') {
        first ??= event.loaded;
        this.update(downloadText(event, event.loaded - first, (this.#now() - started) / 1000), share(event.loaded, event.total));
      } else if (event.phase === 'digest') {
        this.update(`${name}  checking the weights`, share(event.loaded, event.total));
      } else if (event.phase === 'round') {
        this.update(`${name}  rounding the weights to 8 bits, once`, share(event.done, event.total));
      } else if (event.phase === 'run') {
        const place = count > 1 ? `${done + 1} of ${count}  ` : '';
        const steps = event.total > 1 ? `  step ${event.done} of ${event.total}` : '';
        this.update(`${place}${shown}${steps}${this.#pace(done, count)}`, (done + (share(event.done, event.total) ?? 0)) / count);
      } else this.update(`${name}  ${event.phase === 'build' ? 'building the network' : 'loading the weights'}`, undefined);
    };
  }
}

function share(part: number, total: number): number | undefined {
  return total > 0 ? part / total : undefined;
}

/** File, bytes, rate and remaining time. What an earlier run had fetched does not count for the rate. */
function downloadText({ file, loaded, total }: ProgressEvent & { phase: 'download' }, fetched: number, seconds: number): string {
  const rate = seconds > 0 ? fetched / seconds : 0;
  const of = total > 0 ? ` of ${formatBytes(total)}` : '';
  const left = total > 0 && rate > 0 ? `  ${formatSeconds((total - loaded) / rate)} left` : '';
  return `${file}  ${formatBytes(loaded)}${of}  ${formatBytes(rate)}/s${left}`;
}
