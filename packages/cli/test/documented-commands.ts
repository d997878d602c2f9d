import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of the repository. */
export const root: string = fileURLToPath(new URL('../../../', import.meta.url));

function pages(): string[] {
  const rooms = ['packages', 'tools', 'models'].flatMap((place) =>
    readdirSync(join(root, place)).map((name) => join(place, name, 'README.md')),
  );
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...rooms, ...docs.map((name) => join('docs', name))];
}

/** Words of a shell's line up to a comment, a pipe or a redirection. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [, double, single, bare] of line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/gu)) {
    if (bare !== undefined && /^(?:#|[|<>&;]|2>)/u.test(bare)) break;
    words.push(double ?? single ?? bare!);
  }
  return words;
}

function commandsIn(page: string): string[] {
  let text: string;
  try {
    text = readFileSync(join(root, page), 'utf8');
  } catch {
    return [];
  }
  const blocks = text.matchAll(/^```(?:sh|text|console)\n(.*?)^```/gmsu);
  return [...blocks].flatMap(([, block]) => {
    const lines = block!.replaceAll('\\\n', ' ').split('\n');
    return lines
      .flatMap((line) => line.replace(/^\$ /u, '').split('&&'))
      .map((line) => line.trim())
      .filter((line) => /^(?:npx )?vitamin(?:-vlm)? /u.test(line));
  });
}

/** Every command of `vitamin` that a page prints in a block, in the order of the pages. */
export function documentedCommands(): { readonly page: string; readonly line: string }[] {
  return pages().flatMap((page) => commandsIn(page).map((line) => ({ page, line })));
}
