import { filesBelow, textOf } from './workspace.ts';

/** One example of a document or a docstring. */
export interface Snippet {
  /** Where it stands: `packages/graph/README.md:12`. */
  readonly place: string;
  readonly code: string;
}

/** Every ```ts block of the documents and of the `@example`s in the sources. A block marked ```ts no-check is left out. */
export function snippets(): Snippet[] {
  const documents = filesBelow('', ['.md']);
  const sources = [...filesBelow('packages', ['.ts']), ...filesBelow('tools', ['.ts'])].filter((path) => path.includes('/src/'));
  return [...documents, ...sources].flatMap((path) => blocksOf(path, textOf(path)));
}

function blocksOf(path: string, text: string): Snippet[] {
  const found: Snippet[] = [];
  let open: { line: number; code: string[] } | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = path.endsWith('.ts') ? raw.replace(/^\s*\* ?/, '') : raw;
    if (open && line.trim() === '```') {
      found.push({ place: `${path}:${open.line}`, code: open.code.join('\n') });
      open = undefined;
    } else if (open) open.code.push(line);
    else if (line.trim() === '```ts') open = { line: index + 1, code: [] };
  }
  return found;
}
