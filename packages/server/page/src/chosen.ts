import type { Source } from './api.ts';

/** A picture that was chosen: what is shown, and what the server is sent. */
export interface Chosen {
  readonly name: string;
  readonly url: string;
  readonly source: Source;
}
