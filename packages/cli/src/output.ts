import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { type FileWriter, type Sink, writeParts } from './file-writer.ts';
import type { Progress } from './progress.ts';
import { RecordDocument } from './record-document.ts';
import type { Streams } from './streams.ts';
import { hasColor, oneLine, printable, toJson } from './text.ts';

/** How the result appears on stdout. */
export type Format = 'text' | 'json' | 'jsonl';

/** One finished part of a result: for people, and for programs. */
export interface Result {
  /** Absent where it has been told already. */
  readonly text?: string;
  readonly record: object;
}

/** The version of all documents' form: a change that old readers cannot read raises it. */
const schemaVersion = 1;

export interface OutputOptions {
  readonly format: Format;
  readonly quiet: boolean;
  /** Of a result in text form only the paths of written files: with -q and -o. */
  readonly pathsOnly: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
}

/** An error as documents have it. */
export function errorRecord(error: unknown): { code: string; message: string; hint?: string } {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof VitaminError)) return { code: 'INTERNAL', message };
  return { code: error.code, message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
}

/** The two voices of a command: the result on stdout, everything else on stderr. */
export class Output {
  readonly format: Format;
  readonly #quiet: boolean;
  readonly #pathsOnly: boolean;
  readonly #verbose: boolean;
  readonly #streams: Streams;
  readonly #progress: Progress;
  readonly #color: boolean;
  /** Whether anything has gone to stdout. */
  #begun = false;

  constructor(streams: Streams, progress: Progress, options: OutputOptions) {
    this.format = options.format;
    this.#quiet = options.quiet;
    this.#pathsOnly = options.pathsOnly;
    this.#verbose = options.verbose;
    this.#streams = streams;
    this.#progress = progress;
    this.#color = hasColor(streams.stderr, options.color);
  }

  /** One finished part of the result: a line of text, if any, or of JSON Lines. One JSON document waits for `document`. */
  item(text: string | undefined, record: object): void {
    if (text !== undefined) this.line(text);
    if (this.format === 'jsonl') this.#print(toJson(record));
  }

  /** A line of a result in text form. */
  line(text: string): void {
    if (this.format === 'text' && !this.#pathsOnly) this.#print(printable(text));
  }

  /**
   * A result in text form that comes bit by bit: each piece at once on a terminal, whole lines elsewhere. In other forms nothing is written.
   *
   * @returns All of it.
   */
  async pieces(pieces: AsyncIterable<string>): Promise<string> {
    const shown = this.format === 'text' && !this.#pathsOnly;
    const atOnce = shown && this.#streams.stdout.isTTY === true;
    let [all, waiting] = ['', ''];
    for await (const piece of pieces) {
      // An answer begins with the space that stands before a word.
      const text = all === '' ? piece.trimStart() : piece;
      all += text;
      if (atOnce) this.#write(printable(text));
      else if (shown) {
        waiting += text;
        const end = waiting.lastIndexOf('\n') + 1;
        if (end > 0) this.#write(printable(waiting.slice(0, end)));
        waiting = waiting.slice(end);
      }
    }
    if (shown) this.#print(atOnce ? '' : printable(waiting));
    return all.trimEnd();
  }

  /** The whole result as one document: on stdout with --json, and into the file that -o names, if there is a writer for it. */
  async document(document: object, writer?: FileWriter): Promise<void> {
    const json = toJson({ schemaVersion, ...document }, 2);
    if (this.format === 'json') this.#print(json);
    if (!writer) return;
    const path = await writer.path();
    await writeFileAtomic(path, `${json}\n`);
    this.wrote(path);
  }

  /** The same for a result that has no parts: one line with --jsonl, `text` otherwise. */
  async whole(text: string | undefined, document: object, writer?: FileWriter): Promise<void> {
    this.item(text, { schemaVersion, ...document });
    await this.document(document, writer);
  }

  /**
   * A result whose parts come one by one, out at once and not kept: a line of text or of JSON Lines each, and a document with the list `name`, on
   * stdout with --json and at `path` if there is one. `work` gives its parts to `add` and returns what stands behind the list.
   */
  async records<T extends object>(
    { name, head, path }: { readonly name: string; readonly head: object; readonly path: string | undefined },
    work: (add: (result: Result) => Promise<void>) => Promise<T>,
  ): Promise<void> {
    const toStdout: Sink[] = this.format === 'json' ? [async (text) => this.#write(text)] : [];
    const run = async (sinks: readonly Sink[]): Promise<void> => {
      const document = new RecordDocument({ schemaVersion, ...head }, name, sinks);
      try {
        const tail = await work(async ({ text, record }) => {
          this.item(text, record);
          await document.add(record);
        });
        await document.end(tail);
      } catch (error) {
        // What has gone out becomes a document that can be parsed; the status says that it is not all.
        if (!document.empty) await document.end({ incomplete: true, error: errorRecord(error) });
        throw error;
      }
    };
    await (path === undefined ? run(toStdout) : writeParts(path, (sink) => run([...toStdout, sink])));
  }

  /** A file that is itself the result: its path on stdout. */
  path(path: string): void {
    if (this.format === 'text') this.#print(oneLine(path));
  }

  /** A file beside the result: its path on stdout where only paths are wanted, else a remark, unless one remark stands for many. */
  wrote(path: string, { remark = true }: { readonly remark?: boolean } = {}): void {
    if (this.#pathsOnly) this.path(path);
    else if (remark) this.note(`Wrote ${path}`);
  }

  /** A remark. Not shown with -q. */
  note(text: string): void {
    if (!this.#quiet) this.#say(text);
  }

  /** A detail. Only shown with -v. */
  detail(text: string): void {
    if (this.#verbose) this.#say(text);
  }

  /** A warning. Always shown. */
  warn(text: string): void {
    this.#say(`${this.#paint('33', 'warning:')} ${printable(text)}`, true);
  }

  /**
   * What ended the run, for programs: with --json the one document on stdout, with --jsonl a line, unless a document has begun, which then says so itself.
   */
  outcome(outcome: object): void {
    if (this.format === 'json' && !this.#begun) this.#print(toJson({ schemaVersion, ...outcome }, 2));
    if (this.format === 'jsonl') this.#print(toJson({ schemaVersion, ...outcome }));
  }

  /** An error and what to do about it. Always shown. */
  error(code: string, message: string, hint?: string): void {
    this.#say(`${this.#paint('31', `error ${code}:`)} ${printable(message)}${hint === undefined ? '' : `\n${printable(hint)}`}`, true);
  }

  #print(text: string): void {
    this.#write(`${text}\n`);
  }

  #write(text: string): void {
    this.#progress.clear();
    this.#begun = true;
    this.#streams.stdout.write(text);
  }

  #say(text: string, painted = false): void {
    this.#progress.clear();
    this.#streams.stderr.write(`${painted ? text : printable(text)}\n`);
  }

  #paint(code: string, text: string): string {
    return this.#color ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
