import type { Writable } from 'node:stream';

/** Where progress goes. */
export interface ProgressStream extends Writable {
  readonly isTTY?: boolean;
}

const redraw = 100;
const patience = 1000;
const logEvery = 30_000;

/**
 * Progress on stderr: on a terminal one line, redrawn at most ten times a second and erased at the end; elsewhere a line every 30 seconds.
 * Nothing appears for work of less than a second.
 */
export class Progress {
  readonly #stream: ProgressStream;
  readonly #quiet: boolean;
  readonly #started = Date.now();
  #last = 0;
  #drawn = false;

  constructor(stream: ProgressStream, quiet: boolean) {
    this.#stream = stream;
    this.#quiet = quiet;
  }

  /** Reports a step, such as `matching` 3 of 80. */
  step(what: string, done: number, total: number): void {
    const now = Date.now();
    const wait = this.#stream.isTTY ? redraw : this.#last ? logEvery : 10 * patience;
    if (this.#quiet || now - this.#started < patience || now - (this.#last || this.#started) < wait) return;
    this.#last = now;
    const text = `${what} ${total > 0 ? Math.floor((100 * done) / total) : 0} %`;
    this.#drawn ||= Boolean(this.#stream.isTTY);
    this.#stream.write(this.#stream.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
  }

  /** Erases the line; call before anything else is printed. */
  clear(): void {
    if (this.#drawn) this.#stream.write('\r\u001b[K');
    this.#drawn = false;
  }
}
