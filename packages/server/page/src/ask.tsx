import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, type ServerError } from './api.ts';
import type { Chosen } from './chosen.ts';

/** A question about the picture; the answer comes word by word. */
export function Ask({ chosen }: { readonly chosen: Chosen | undefined }): JSX.Element {
  const [question, setQuestion] = useState('');
  const [answer, setAnswer] = useState('');
  const [error, setError] = useState<ServerError>();
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => {
    setAnswer('');
    setError(undefined);
    return () => running.current?.abort();
  }, [chosen]);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!chosen || question.trim() === '') return;
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    setAnswer('');
    setError(undefined);
    try {
      for await (const piece of ask(chosen.source, question, controller.signal)) setAnswer((old) => old + piece);
    } catch (cause) {
      if (!controller.signal.aborted) setError(cause as ServerError);
    }
  };
  return (
    <form class="ask" onSubmit={(event) => void submit(event)}>
      <h2>Ask</h2>
      <input
        aria-label="Question"
        placeholder="How many zebras are there?"
        value={question}
        onInput={(event) => setQuestion(event.currentTarget.value)}
      />
      <button type="submit" disabled={!chosen}>
        Ask
      </button>
      <p role="status" aria-live="polite" class={error ? 'error' : ''}>
        {error ? `${error.message} ${error.hint ?? ''}` : answer}
      </p>
    </form>
  );
}
