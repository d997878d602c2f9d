import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Command, PassThrough } from '../src/command.ts';
import { commands } from '../src/commands.ts';
import { inProcess, temporaryFolder } from './support.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const temporary = temporaryFolder();
beforeAll(() => void vi.stubEnv('VITAMIN_CACHE_DIR', temporary('cache')));
afterAll(() => vi.unstubAllEnvs());

function pages(): string[] {
  const rooms = ['packages', 'tools', 'models'].flatMap((place) =>
    readdirSync(join(root, place)).map((name) => join(place, name, 'README.md')),
  );
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...rooms, ...docs.map((name) => join('docs', name))];
}

/** Words of a shell's line up to a comment, a pipe or a redirection. */
function wordsOf(line: string): string[] {
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
    return lines.map((line) => line.replace(/^\$ /u, '').trim()).filter((line) => /^(?:npx )?vitamin(?:-vlm)? /u.test(line));
  });
}

const cases = pages().flatMap((page) => commandsIn(page).map((line) => [page, line] as const));

/** Every command as it is declared, but for its work. */
const stubs = commands.map((declared): Command | PassThrough =>
  'pass' in declared ? { ...declared, pass: async () => 0 } : { ...declared, writes: 'document', run: async () => 0 },
);

it('finds the commands in the documents', () => {
  expect(cases.length).toBeGreaterThan(30);
});

it.each(cases)('%s: %s', async (_, line) => {
  const words = wordsOf(line);
  const args = words.slice(words[0] === 'npx' ? 2 : 1);
  // Where it would write does not matter here.
  const place = args.findIndex((word) => word === '-o' || word === '--output');
  const { stderr, status } = await inProcess(place < 0 ? args : args.toSpliced(place, 2), stubs);
  expect([status, stderr]).toEqual([0, '']);
});
