import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { colorOf, css } from './color.ts';
import type { Word } from './state.ts';

interface WordsProps {
  readonly words: readonly Word[];
  readonly onChange: (words: readonly Word[]) => void;
}

const titles = { auto: 'thing or stuff: the model decides', thing: 'thing: can be counted', stuff: 'stuff: cannot be counted' };
const next = { auto: 'thing', thing: 'stuff', stuff: 'auto' } as const;

/** The words that are asked, each with its color; names of one thing stand between `|`. */
export function Words({ words, onChange }: WordsProps): JSX.Element {
  const [draft, setDraft] = useState('');
  const set = (index: number, word: Word): void => onChange(words.map((old, i) => (i === index ? word : old)));
  const add = (event: Event): void => {
    event.preventDefault();
    const texts = draft.split(/[,\n]/u).map((text) => text.trim());
    const added = texts.filter((text) => text !== '').map((text): Word => ({ text, kind: 'auto' }));
    if (added.length > 0) onChange([...words, ...added]);
    setDraft('');
  };
  return (
    <div class="words">
      <h2 id="words">Words</h2>
      <ul aria-labelledby="words">
        {words.map((word, i) => (
          <li key={i} style={{ '--color': css(colorOf(i)) }}>
            <input
              aria-label={`Word ${i + 1}`}
              value={word.text}
              size={Math.max(4, word.text.length)}
              onInput={(event) => set(i, { ...word, text: event.currentTarget.value })}
            />
            <button
              type="button"
              class="kind"
              title={titles[word.kind]}
              aria-label={`${word.text}, ${titles[word.kind]}`}
              onClick={() => set(i, { ...word, kind: next[word.kind] })}
            >
              {word.kind}
            </button>
            <button type="button" aria-label={`Remove ${word.text}`} onClick={() => onChange(words.filter((_, other) => other !== i))}>
              ×
            </button>
          </li>
        ))}
      </ul>
      <form onSubmit={add}>
        <input
          aria-label="New word"
          placeholder="red umbrella, cat|kitten"
          value={draft}
          onInput={(event) => setDraft(event.currentTarget.value)}
        />
        <button type="submit">Add</button>
      </form>
    </div>
  );
}
