/** How a conversation is written down for a language model. */
export interface Template {
  /** What stands before the first turn. */
  readonly system: string;
  /** Names of the one who asks and the one who answers, as they stand in the prompt. */
  readonly roles: readonly [string, string];
  /**
   * `single`, `two`: `ROLE: message` and a separator, `two` with another one behind answers. `mpt`: role, message, separator without a colon. `llama-2`:
   * questions in `[INST] … [/INST]`, the system text in the first. `llama-3`: each message behind a header with its role. `plain`: messages alone.
   */
  readonly style: 'single' | 'two' | 'mpt' | 'llama-2' | 'llama-3' | 'plain';
  /** What stands behind a message, and behind an answer where that differs. */
  readonly separators: readonly [string, string | null];
  /** Version of the training data; names with `mmtag` put the picture into a turn of its own. */
  readonly version: string;
  /** Turns that are shown before the conversation. */
  readonly examples: readonly string[];
}
