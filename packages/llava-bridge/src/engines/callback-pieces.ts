/** Takes the next piece of an answer. */
export type OnToken = (piece: { readonly token: string }) => void;

/** What a call hands to its callback, one after the other, and what it had not handed over when it ended. Leaving the loop early stops the call. */
export async function* callbackPieces(
  call: (onToken: OnToken) => Promise<{ readonly text: string }>,
  stop: () => void,
): AsyncGenerator<string, void, undefined> {
  const waiting: string[] = [];
  let news = deferred();
  let end: { readonly text?: string; readonly error?: unknown } | undefined;
  const running = call(({ token }) => {
    waiting.push(token);
    news.resolve();
  })
    .then(
      ({ text }) => (end = { text }),
      (error: unknown) => (end = { error }),
    )
    .then(() => news.resolve());
  let given = '';
  try {
    for (;;) {
      await news.promise;
      news = deferred();
      while (waiting.length > 0) {
        const piece = waiting.shift()!;
        given += piece;
        yield piece;
      }
      if (end) break;
    }
  } finally {
    if (!end) stop();
    await running;
  }
  const { text = '', error } = end;
  if (error !== undefined) throw error;
  // The last pieces may come after the end.
  if (text.length > given.length && text.startsWith(given)) yield text.slice(given.length);
}

/** A promise, and what fulfills it. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void;
  const promise = new Promise<void>((fulfill) => {
    resolve = fulfill;
  });
  return { promise, resolve: resolve! };
}
