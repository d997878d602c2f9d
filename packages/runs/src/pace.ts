/** How many of the latest items the speed is taken from. */
const SPAN = 32;

/** Speed over the latest items: a run's pictures differ in size, and machines are shared. */
export class Pace {
  readonly #times: number[];

  constructor() {
    this.#times = [performance.now()];
  }

  /** One more item is done. */
  step(): void {
    this.#times.push(performance.now());
    if (this.#times.length > SPAN + 1) this.#times.shift();
  }

  /** Items per second; undefined before the first. */
  get perSecond(): number | undefined {
    const seconds = (this.#times.at(-1)! - this.#times[0]!) / 1000;
    return seconds > 0 ? (this.#times.length - 1) / seconds : undefined;
  }
}
