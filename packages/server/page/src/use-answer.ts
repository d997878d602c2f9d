import { useEffect, useRef, useState } from 'preact/hooks';
import { detect, segment, ServerError, type Source } from './api.ts';
import type { Chosen } from './chosen.ts';
import { type Found, ofDetections, ofSegments } from './findings.ts';
import { askedWords, type Settings } from './state.ts';

interface Answer {
  readonly found: Found | undefined;
  readonly error: ServerError | undefined;
  readonly busy: boolean;
}

/** Asks the server whenever picture or words change. The newest question counts: the one before is given up. After the first answer only the picture's key is sent. */
export function useAnswer(chosen: Chosen | undefined, { words, mode }: Settings): Answer {
  const [answer, setAnswer] = useState<Answer>({ found: undefined, error: undefined, busy: false });
  const key = useRef<{ of: Chosen; key: string } | undefined>(undefined);
  const question = JSON.stringify([words, mode]);
  useEffect(() => {
    if (!chosen) return undefined;
    const controller = new AbortController();
    const labels = askedWords(words, mode);
    const named = (kind: 'thing' | 'stuff'): string[] =>
      words.flatMap((word) => (word.kind === kind && word.text.trim() !== '' ? [word.text.split('|', 1)[0]!.trim()] : []));
    const asked = { labels, things: named('thing'), stuff: named('stuff') };
    const run = async (source: Source): Promise<Found> => {
      if (mode === 'boxes') return ofDetections(await detect(source, asked, controller.signal), words);
      return await ofSegments(await segment(source, asked, controller.signal), words);
    };
    const start = async (): Promise<void> => {
      const known = key.current?.of === chosen ? key.current.key : undefined;
      try {
        const found = await run(known === undefined ? chosen.source : { key: known }).catch((error: unknown) => {
          // The server has made room for other pictures: send it again.
          if (known !== undefined && error instanceof ServerError && error.code === 'INPUT_NOT_FOUND') return run(chosen.source);
          throw error;
        });
        key.current = { of: chosen, key: found.document.key };
        setAnswer({ found, error: undefined, busy: false });
      } catch (error) {
        if (controller.signal.aborted) return;
        const told = error instanceof ServerError ? error : new ServerError('INTERNAL', (error as Error).message);
        setAnswer({ found: undefined, error: told, busy: false });
      }
    };
    if (labels.length === 0) setAnswer({ found: undefined, error: undefined, busy: false });
    else {
      setAnswer((old) => ({ ...old, found: old.found && key.current?.of === chosen ? old.found : undefined, busy: true }));
      void start();
    }
    return () => controller.abort();
  }, [chosen, question]);
  return answer;
}
