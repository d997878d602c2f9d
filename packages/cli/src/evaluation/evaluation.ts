import type { Outcome } from '@vitamin-vlm/runs';

/** Kinds of evaluations, by the word behind `eval`. */
export type TaskName = 'classify' | 'detect' | 'segment' | 'answer';

/** Where a data set lies. Nothing in the results depends on it, so it may have moved. */
export type Places = Readonly<Record<string, string>>;

/** What results depend on, as plain data. */
export type Settings = Readonly<Record<string, unknown>>;

/** Numbers of an evaluation. */
export interface Scores {
  /** From 0 to 1 by name; null where there is nothing to count. */
  readonly metrics: Readonly<Record<string, number | null>>;
  /** For people. */
  readonly text: string;
}

/** Turns the results of all items into files and numbers. Knows the data set, and no model. */
export interface Scorer<R> {
  readonly places: Places;
  /** Folders of files that the work has written for its items, beside the results: shards have a part of each. */
  readonly folders?: readonly string[];
  /**
   * Writes its files into the folder, each whole or not at all, the same bytes for the same outcomes.
   *
   * @param outcomes - In the order of the items. May be gone through once.
   */
  readonly score: (folder: string, outcomes: AsyncIterable<Outcome<R>>) => Promise<Scores>;
  /** Draws a page of what was scored and returns its path. Absent: there is none. */
  readonly report?: (folder: string) => Promise<string>;
}

/** An evaluation of a model on a data set: what is done for each item, and what comes of it. */
export interface Evaluation<R> extends Scorer<R> {
  readonly task: TaskName;
  /** Names of all items, the same on every machine. */
  readonly items: readonly string[];
  readonly settings: Settings;
  /** Makes the result of one item: plain data, the same for the same item and settings. */
  readonly work: (index: number, signal: AbortSignal) => Promise<R>;
}

/** How an evaluation that was run elsewhere is scored. @throws VitaminError `USAGE` when the data set is another one. */
export type OpenScorer = (settings: Settings, places: Places, signal: AbortSignal) => Promise<Scorer<never>>;
