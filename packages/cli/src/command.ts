import type { FileWriter } from './file-writer.ts';
import type { FlagTable, Values } from './flag-table.ts';
import type { globalFlags } from './flags.ts';
import type { Output } from './output.ts';
import type { Progress } from './progress.ts';

/** What a command works with. The type of `flags` follows from the command's table. */
export interface Context<T extends FlagTable = typeof globalFlags> {
  /** Arguments that are no flags. */
  readonly inputs: readonly string[];
  readonly flags: Values<typeof globalFlags & T>;
  /** What decided a flag. */
  readonly sourceOf: (flag: string) => 'cli' | 'env' | 'default';
  readonly output: Output;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Where -o leads, if it is given; always there for a command that writes files with certain endings. */
  readonly writer: FileWriter | undefined;
}

/**
 * What -o names: `document`, a file for the JSON document; `folder`, one for the files of each input; endings, the file that is the
 * command's result and must be named, or, where several inputs are taken, a folder for their files; `nothing`, with the reason.
 */
export type Writes =
  | 'document'
  | 'folder'
  | { readonly endings: readonly string[]; readonly orFolder?: boolean }
  | { readonly nothing: string };

/** One command: what a person sees of it, and the work, which is loaded when it runs. */
export interface Declaration<T extends FlagTable> {
  /** One word, or two: `eval detect`. */
  readonly name: string;
  readonly summary: string;
  /** `<image>`, `[image...]`, `<model...>` and what they are. Absent where nothing but flags is taken. */
  readonly inputs?: { readonly usage: string; readonly help: string };
  /** Its own flags, beside those of every command. */
  readonly flags: T;
  /** Of each group one flag must be given. */
  readonly needs?: readonly (readonly (keyof T & string)[])[];
  readonly writes?: Writes;
  /** Below the flags in its help. */
  readonly notes?: string;
  /** Does the work and returns the exit status. ONNX Runtime, sharp and the canvas are imported in here, so that a mistyped flag is told at once. */
  readonly run: (context: Context<T>) => Promise<number>;
}

/** A declaration whose flags' types have been used up. */
export type Command = Declaration<FlagTable>;

/** A command whose arguments are those of another program, with its own flags. */
export interface PassThrough {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly pass: (args: readonly string[], signal: AbortSignal) => Promise<number>;
}

/** Declares a command. */
export function command<const T extends FlagTable>(declaration: Declaration<T>): Command {
  return declaration as unknown as Command;
}
