import type { Progress } from './progress.ts';
import type { Streams } from './streams.ts';
import { hasColor, printable } from './text.ts';
import type { FileWriter } from './file-writer.ts';

/** How the result appears on stdout. */
export type Format = 'text' | 'json' | 'jsonl';

export interface OutputOptions {
  readonly format: Format;
  readonly quiet: boolean;
  /** Of a result in text form only the paths of written files: with -q and -o. */
  readonly pathsOnly: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
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
    if (this.format === 'jsonl') this.#print(JSON.stringify(record));
  }

  /** A line of a result in text form. */
  line(text: string): void {
    if (this.format === 'text' && !this.#pathsOnly) this.#print(printable(text));
  }

  /** The whole result as one document: on stdout with --json, and into the file that -o names, if a writer for it is given. */
  async document(document: object, file?: FileWriter): Promise<void> {
    const json = JSON.stringify(document, null, 2);
    if (this.format === 'json') this.#print(json);
    if (file) this.wrote(await file.write(Buffer.from(`${json}\n`)));
  }

  /** The same for a result that has no parts: one line with --jsonl, `text` otherwise. */
  async whole(text: string | undefined, document: object, file?: FileWriter): Promise<void> {
    this.item(text, document);
    await this.document(document, file);
  }

  /** A file that is itself the result: its path on stdout. */
  path(path: string): void {
    if (this.format === 'text') this.#print(printable(path));
  }

  /** A file beside the result: a remark, or its path on stdout where only paths are wanted. */
  wrote(path: string): void {
    this.wroteAll([path], path);
  }

  /** The same for the files of a folder. */
  wroteAll(paths: readonly string[], folder: string): void {
    if (this.#pathsOnly) for (const path of paths) this.path(path);
    else this.note(`Wrote ${paths.length > 1 ? `${paths.length} files to ` : ''}${folder}`);
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

  /** An error and what to do about it. Always shown. */
  error(code: string, message: string, hint?: string): void {
    this.#say(`${this.#paint('31', `error ${code}:`)} ${printable(message)}${hint === undefined ? '' : `\n${printable(hint)}`}`, true);
  }

  #print(text: string): void {
    this.#progress.clear();
    this.#streams.stdout.write(`${text}\n`);
  }

  #say(text: string, painted = false): void {
    this.#progress.clear();
    this.#streams.stderr.write(`${painted ? text : printable(text)}\n`);
  }

  #paint(code: string, text: string): string {
    return this.#color ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
