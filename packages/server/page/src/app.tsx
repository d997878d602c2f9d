import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { Ask } from './ask.tsx';
import type { Chosen } from './chosen.ts';
import { Copy } from './copy.tsx';
import { FindingList } from './finding-list.tsx';
import { Pick } from './pick.tsx';
import { Stage } from './stage.tsx';
import { readLink, type Settings, writeLink } from './state.ts';
import { useAnswer } from './use-answer.ts';
import { Words } from './words.tsx';

export function App(): JSX.Element {
  const [settings, setSettings] = useState<Settings>(() => readLink(location.hash));
  const [chosen, setChosen] = useState<Chosen>();
  const [hovered, setHovered] = useState<number>();
  const change = useCallback((part: Partial<Settings>) => setSettings((old) => ({ ...old, ...part })), []);
  useEffect(() => history.replaceState(null, '', writeLink(settings)), [settings]);
  const { found, error, busy } = useAnswer(chosen, settings);
  const shown = useMemo(() => found?.findings.filter(({ score }) => score >= settings.score) ?? [], [found, settings.score]);
  return (
    <>
      <header>
        <h1>vitamin</h1>
        <p>Drop a picture, type words, and see what is where.</p>
      </header>
      <main>
        <section class="look" aria-label="Picture">
          <Stage chosen={chosen} found={found} shown={shown} hovered={hovered} onHover={setHovered} />
          <Pick onPick={setChosen} />
          <p class="status" role="status" aria-live="polite">
            {error ? (
              <span class="error">
                {error.message} {error.hint}
              </span>
            ) : busy ? (
              'Looking …'
            ) : found ? (
              `${shown.length} found`
            ) : (
              ''
            )}
          </p>
        </section>
        <section class="say" aria-label="Words and answers">
          <fieldset class="modes">
            <legend>Show</legend>
            {(['boxes', 'segments'] as const).map((mode) => (
              <label key={mode}>
                <input type="radio" name="mode" checked={settings.mode === mode} onChange={() => change({ mode })} /> {mode}
              </label>
            ))}
          </fieldset>
          <Words words={settings.words} onChange={(words) => change({ words })} />
          <label class="score">
            Only what scores at least {settings.score.toFixed(2)}; the rest is none of these
            <input
              type="range"
              min="0"
              max="1"
              step="0.01"
              value={settings.score}
              onInput={(event) => change({ score: Number(event.currentTarget.value) })}
            />
          </label>
          <FindingList findings={shown} hovered={hovered} onHover={setHovered} />
          <Ask chosen={chosen} />
          <Copy settings={settings} found={found} />
        </section>
      </main>
    </>
  );
}
