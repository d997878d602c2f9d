import type { Sink } from './file-writer.ts';
import { toJson } from './text.ts';

/**
 * A JSON document with one list that grows: every record goes out when it is done and none is kept, so that a folder of a million pictures takes
 * no more memory than one. The text is that of `JSON.stringify({ ...head, [name]: records, ...tail }, null, 2)` and ends with a line break.
 */
export class RecordDocument {
  readonly #head: string;
  readonly #sinks: readonly Sink[];
  #count = 0;

  constructor(head: object, name: string, sinks: readonly Sink[]) {
    this.#head = toJson({ ...head, [name]: [] }, 2).slice(0, -'[]\n}'.length);
    this.#sinks = sinks;
  }

  /** Whether nothing has gone out yet. */
  get empty(): boolean {
    return this.#count === 0;
  }

  async add(record: object): Promise<void> {
    const text = toJson(record, 2).replaceAll('\n', '\n    ');
    await this.#write(`${this.empty ? `${this.#head}[` : ','}\n    ${text}`);
    this.#count++;
  }

  /** Closes the list and adds what is known only now. */
  async end(tail: object): Promise<void> {
    const list = this.empty ? `${this.#head}[]` : '\n  ]';
    const rest = toJson(tail, 2).slice(1, -1).trimEnd();
    await this.#write(`${list}${rest === '' ? '' : `,${rest}`}\n}\n`);
  }

  async #write(text: string): Promise<void> {
    for (const sink of this.#sinks) await sink(text);
  }
}
