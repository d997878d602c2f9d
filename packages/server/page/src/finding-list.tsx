import type { JSX } from 'preact';
import { colorOf, css } from './color.ts';
import type { Finding } from './findings.ts';

interface FindingListProps {
  readonly findings: readonly Finding[];
  readonly hovered: number | undefined;
  readonly onHover: (id: number | undefined) => void;
}

/** What was found, in words. A row that has the keyboard or the pointer stands out in the picture. */
export function FindingList({ findings, hovered, onHover }: FindingListProps): JSX.Element | null {
  if (findings.length === 0) return null;
  const sorted = findings.toSorted((a, b) => (b.share ?? b.score) - (a.share ?? a.score));
  return (
    <div class="found">
      <h2 id="found">Found</h2>
      <ul aria-labelledby="found">
        {sorted.map(({ id, label, word, score, share }) => (
          <li key={id}>
            <button
              type="button"
              class={id === hovered ? 'hovered' : ''}
              style={{ '--color': css(colorOf(word)) }}
              onPointerEnter={() => onHover(id)}
              onPointerLeave={() => onHover(undefined)}
              onFocus={() => onHover(id)}
              onBlur={() => onHover(undefined)}
            >
              <span>{label}</span>
              <span>
                {share === undefined ? score.toFixed(2) : `${(100 * share).toFixed(1)} % of the picture, score ${score.toFixed(2)}`}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
