/** Of commands that run a model over a data set. */
export const runFlags = {
  limit: { kind: 'whole', least: 1, value: 'n', help: 'only the first pictures of the data set' },
  shard: { kind: 'text', value: 'i/n', help: 'only this part of n, or auto[/n] for the task of an array; vitamin eval merge joins them' },
  retryBroken: { kind: 'switch', help: 'work again on what was broken at an earlier start' },
} as const;

/** Of commands that end in numbers. */
export const evaluationFlags = {
  report: { kind: 'switch', help: 'a page to look at as well, beside the other files' },
} as const;
