/** The part of a terminal or pipe that is written to. */
export interface OutputStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  /** Present on terminals only; knows NO_COLOR, FORCE_COLOR, TERM and CI. */
  hasColors?(): boolean;
  write(text: string): unknown;
}

/** Where a run writes. */
export interface Streams {
  /** The result and nothing else. */
  readonly stdout: OutputStream;
  /** Progress, warnings, errors, timings. */
  readonly stderr: OutputStream;
}
