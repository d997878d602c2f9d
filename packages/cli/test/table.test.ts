import { readdir, readFile } from 'node:fs/promises';
import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { type Command, command, type PassThrough } from '../src/command.ts';
import { commands } from '../src/commands.ts';
import type { Flag } from '../src/flag-table.ts';
import { globalFlags } from '../src/flags.ts';
import { inProcess, type Run, temporaryFolder, vitamin } from './support.ts';

const temporary = temporaryFolder();

/** What the last run was given. */
let seen: unknown;
afterEach(() => {
  seen = undefined;
  vi.unstubAllEnvs();
});

const paint: Command = command({
  name: 'paint',
  summary: 'paints',
  inputs: { usage: '[thing...]', help: 'things' },
  flags: {
    hue: { kind: 'choice', choices: ['red', 'green'], value: 'name', help: 'which', default: 'red' },
    mix: { kind: 'number', value: 'x', help: 'how' },
    share: { kind: 'fraction', value: 'p', help: 'of it' },
    coats: { kind: 'whole', least: 2, value: 'n', help: 'how many' },
    tools: { kind: 'list', value: 'a,b', help: 'with what' },
    wallFile: { kind: 'text', value: 'file', help: 'where', excludes: ['walls'] },
    walls: { kind: 'repeated', value: 'wall', help: 'which walls', short: 'w' },
    noDrip: { kind: 'switch', help: 'carefully' },
  },
  run: async ({ inputs, flags }) => {
    const { hue, mix, share, coats, tools, wallFile, walls, noDrip } = flags;
    expectTypeOf(hue).toEqualTypeOf<'red' | 'green'>();
    expectTypeOf(mix).toEqualTypeOf<number | undefined>();
    expectTypeOf(walls).toEqualTypeOf<readonly string[] | undefined>();
    expectTypeOf(noDrip).toEqualTypeOf<boolean>();
    seen = { inputs, hue, mix, share, coats, tools, wallFile, walls, noDrip };
    return 0;
  },
});
const wall = command({
  name: 'paint wall',
  summary: 'paints a wall',
  inputs: { usage: '<wall>', help: 'which' },
  flags: { by: { kind: 'text', value: 'who', help: 'who' }, for: { kind: 'text', value: 'whom', help: 'whom' } },
  needs: [['by', 'for']],
  writes: { endings: ['.txt'] },
  run: async ({ inputs, flags, writer }) => {
    seen = { inputs, by: flags.by, offline: flags.offline, writes: writer !== undefined };
    return 0;
  },
});
const other: PassThrough = {
  name: 'other',
  summary: 'another program',
  usage: 'ANYTHING',
  pass: async (args) => {
    seen = args;
    return 7;
  },
};
const own = command({
  name: 'other own',
  summary: 'one word of it is ours',
  flags: {},
  writes: { nothing: 'It writes nothing.' },
  run: async () => {
    seen = 'own';
    return 0;
  },
});

const run = (...args: string[]): Promise<Run> => inProcess(args, [paint, other, own]);

const both = (...args: string[]): Promise<Run> => inProcess(args, [wall, other, own]);

describe('a row of the table', () => {
  it('gives flags their values', async () => {
    const line = '--hue green --mix -1.5 --share .25 --coats 2 --tools a,,b --walls x -w y --no-drip z';
    expect((await run('paint', ...line.split(' '))).status).toBe(0);
    const rest = { mix: -1.5, share: 0.25, coats: 2, tools: ['a', 'b'], walls: ['x', 'y'], wallFile: undefined, noDrip: true };
    expect(seen).toEqual({ inputs: ['z'], hue: 'green', ...rest });
    for (const share of [0, 1]) {
      await run('paint', '--share', `${share}`);
      expect(seen).toMatchObject({ share });
    }
    await run('paint');
    expect(seen).toMatchObject({ inputs: [], hue: 'red', coats: undefined, walls: undefined, noDrip: false });
  });

  it.each([
    ['--hue blue', 'Expected red, green.'],
    ['--mix much', 'Expected a number.'],
    ['--mix Infinity', 'Expected a number.'],
    ['--share 1.01', 'from 0 to 1'],
    ['--coats 1', 'a whole number of 2 or more'],
    ['--coats 2.5', 'a whole number of 2 or more'],
    ['--walls x --wall-file f', 'Expected either --walls or --wall-file but received both'],
  ])('refuses %s', async (line, said) => {
    const { status, stdout, stderr } = await run('paint', ...line.split(' '));
    expect([status, stdout, seen]).toEqual([2, '', undefined]);
    expect(stderr).toContain(said);
  });

  it('lets what is typed win over what a variable says', async () => {
    vi.stubEnv('VITAMIN_WALL_FILE', 'file');
    await run('paint');
    expect(seen).toMatchObject({ wallFile: 'file', walls: undefined });
    await run('paint', '-w', 'x');
    expect(seen).toMatchObject({ wallFile: undefined, walls: ['x'] });
    vi.stubEnv('VITAMIN_WALLS', 'y');
    expect((await run('paint')).stderr).toContain('received both');
  });
});

describe('a name of two words', () => {
  it('is found, with flags of every command anywhere', async () => {
    expect((await both('--offline', 'paint', 'wall', '-o', 'a.txt', 'north', '--by', 'me')).status).toBe(0);
    expect(seen).toEqual({ inputs: ['north'], by: 'me', offline: true, writes: true });
  });

  it('has its help, and its line in the help of all', async () => {
    const [flag, word] = [await both('paint', 'wall', '--help'), await both('help', 'paint', 'wall')];
    expect(flag.stdout).toContain('Usage: vitamin paint wall [options] <wall>');
    expect(word).toEqual(flag);
    const { stdout } = await both('--help');
    const lines = [
      'paint wall <wall>    paints a wall',
      'other                another program',
      'other own            one word of it is ours',
    ];
    expect(stdout).toContain(`Commands:\n${lines.map((line) => `  ${line}\n`).join('')}\n`);
  });

  it('refuses what its row does not take', async () => {
    expect((await both('paint', 'wall', 'north', '-o', 'a.txt')).stderr).toContain('Expected --by WHO or --for WHOM but received neither');
    expect((await both('paint', 'wall', 'north', '--by', 'me')).stderr).toContain('Expected -o FILE.txt but received none');
    expect((await both('paint', 'wall', 'north', '--by', 'me', '-o', 'a.png')).stderr).toContain('FILE.txt but received a.png');
    expect((await both('other', 'own', '-o', 'x')).stderr).toBe('error USAGE: Expected no -o but received x\nIt writes nothing.\n');
    for (const args of [['paint'], ['paint', 'door']]) expect((await both(...args)).status).toBe(2);
    expect(seen).toBeUndefined();
  });
});

describe("another program's command", () => {
  it.each([
    ['other a b --json', ['a', 'b', '--json']],
    ['--json other a', ['--json', 'a']],
    ['--threads 2 other a', ['--threads', '2', 'a']],
    ['other', []],
    ['other --help', ['--help']],
    ['help other', ['--help']],
  ])('%s', async (line, args) => {
    expect((await run(...line.split(' '))).status).toBe(7);
    expect(seen).toEqual(args);
  });

  it('has our commands of that word above its help', async () => {
    expect((await run('other', '-h')).stdout).toBe('Commands:\n  vitamin other own  one word of it is ours\n\n');
    expect((await run('other', 'a')).stdout).toBe('');
    expect((await inProcess(['other', '-h'], [other])).stdout).toBe('');
  });

  it('leaves the names of two words to us', async () => {
    expect((await run('-q', 'other', 'own')).status).toBe(0);
    expect(seen).toBe('own');
    expect((await run('other', 'owner')).status).toBe(7);
  });
});

/** What a flag occupies: its name in code without a `no`, and its letter. */
function named([name, { short }]: [string, Flag]): string[] {
  return [name.replace(/^no([A-Z])/u, (_, letter: string) => letter.toLowerCase()), short ?? name];
}

it('has no flag that stands for two things', () => {
  const shared = new Set(Object.entries<Flag>(globalFlags).flatMap(named));
  const clashes = commands.flatMap((declared) => ('flags' in declared ? Object.entries(declared.flags) : []).flatMap(named));
  expect(clashes.filter((name) => shared.has(name))).toEqual([]);
});

it('is told in the README, command by command', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const untold = commands.filter(({ name }) => !new RegExp(`vitamin ${name}\\b`, 'u').test(readme));
  expect(untold.map(({ name }) => name)).toEqual([]);
});

it('tells a mistyped flag without loading an engine', async () => {
  // V8 lists every script of the process in its coverage.
  for (const { name } of commands.filter((declared) => 'run' in declared)) {
    await vitamin([...name.split(' '), '--no-such-flag'], { env: { NODE_V8_COVERAGE: temporary() } });
  }
  const reports = await Promise.all((await readdir(temporary())).map(async (file) => await readFile(temporary(file), 'utf8')));
  expect(reports.length).toBeGreaterThan(5);
  for (const report of reports) {
    const scripts = (JSON.parse(report) as { result: { url: string }[] }).result.map(({ url }) => url);
    expect(scripts.filter((url) => /commander\/lib\/command\.js$|core\/dist\/index\.js$/u.test(url))).toHaveLength(2);
    expect(scripts.filter((url) => /\/(?:backbone|runtime|image|onnxruntime-node|sharp|canvas)\//u.test(url))).toEqual([]);
  }
});
