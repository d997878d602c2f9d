import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Found } from './findings.ts';
import { commandLine, program, type Settings } from './state.ts';

/** What is on the page, for a file, a shell, a program or a friend. */
export function Copy({ settings, found }: { readonly settings: Settings; readonly found: Found | undefined }): JSX.Element {
  const [copied, setCopied] = useState('');
  const forms: readonly (readonly [string, () => string | undefined])[] = [
    ['JSON', () => found && JSON.stringify(found.document, undefined, 2)],
    ['Command', () => commandLine(settings)],
    ['Code', () => program(settings)],
    ['Link', () => location.href],
  ];
  const copy = (name: string, text: string): void => {
    navigator.clipboard.writeText(text).then(
      () => setCopied(`${name} copied`),
      () => setCopied('The browser does not let this page copy.'),
    );
  };
  return (
    <div class="copy">
      <h2>Copy</h2>
      {forms.map(([name, text]) => (
        <button
          type="button"
          key={name}
          onClick={() => {
            const value = text();
            if (value !== undefined) copy(name, value);
          }}
        >
          {name}
        </button>
      ))}
      <span role="status">{copied}</span>
    </div>
  );
}
