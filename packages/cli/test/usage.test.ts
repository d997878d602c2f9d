import { describe, expect, it } from 'vitest';
import { inProcess, vitamin } from './support.ts';

const commands = [
  'classify',
  'detect',
  'segment',
  'features',
  'encode',
  'ask',
  'tokens',
  'retrieve',
  'train projector',
  'train talker',
  'show',
  'pull',
  'list',
  'doctor',
  'eval detect',
  'eval merge',
  'submit eval detect',
  'work',
  'status',
];

describe('help', () => {
  it('is what the command prints without arguments, on stdout, with status 0', async () => {
    const [bare, flag, word] = await Promise.all([vitamin([]), inProcess(['--help']), inProcess(['help'])]);
    expect(bare).toEqual({ status: 0, signal: null, stdout: flag.stdout, stderr: '' });
    expect(word).toEqual(flag);
    expect(bare.stdout).toMatchSnapshot();
  });

  it.each(commands)('of %s says the same both ways, within 100 columns', async (name) => {
    const [flag, word] = [await inProcess([...name.split(' '), '--help']), await inProcess(['help', ...name.split(' ')])];
    expect(flag.status).toBe(0);
    expect(word).toEqual(flag);
    expect(flag.stderr).toBe('');
    expect(flag.stdout).toMatchSnapshot();
    expect(Math.max(...flag.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(flag.stdout).not.toContain('\u001b');
  });

  it('of eval is that of coco-eval', async () => {
    const { status, stdout } = await vitamin(['eval', '--help']);
    expect(status).toBe(0);
    expect(stdout).toContain('coco-eval GT.json DT.json');
    expect((await vitamin(['eval', '--no-such-flag'])).status).toBe(2);
  });
});

it('prints its version', async () => {
  expect(await vitamin(['--version'])).toEqual({ status: 0, signal: null, stdout: '0.1.0\n', stderr: '' });
});

/** Arguments, then what stderr must say. */
const mistakes: [string[], string[]][] = [
  [
    ['clasify', 'a.jpg'],
    ["unknown command 'clasify'", 'Did you mean classify?', 'vitamin --help'],
  ],
  [['bogus', '--help'], ["unknown command 'bogus'"]],
  [['help', 'bogus'], ["unknown command 'bogus'"]],
  [
    ['classify', 'a.jpg', '--lables', 'cat'],
    ["unknown option '--lables'", 'Did you mean --labels?', 'vitamin classify --help'],
  ],
  [['classify', 'a.jpg', '--labels', 'cat', '--of', 'x'], ["unknown option '--of'"]],
  [['classify', 'a.jpg'], ['--labels a,b,c or --labels-file FILE but received neither']],
  [['classify', '--labels', 'cat'], ['Expected an image']],
  [['classify', 'a.jpg', '--labels'], ['argument missing']],
  [
    ['classify', 'a.jpg', '--labels', 'cat', '--top', '0'],
    ["'0' is invalid", 'whole number'],
  ],
  [['classify', 'a.jpg', '--labels', 'cat', '--json', '--jsonl'], ['either --json or --jsonl']],
  [['classify', 'a.jpg', '--labels', 'cat', '--labels-file', 'f'], ['either --labels or --labels-file']],
  [['classify', 'a.jpg', '--labels', ','], ['1 to 65534 labels but received 0']],
  [
    ['classify', 'a.jpg', '--labels-file', 'nothing-here.txt'],
    ['nothing-here.txt', 'ENOENT'],
  ],
  [
    ['classify', 'a.jpg', '--labels', 'cat', '--templates', 'imagenet'],
    ['imagenet80', 'but received imagenet'],
  ],
  [
    ['classify', 'a.jpg', '--labels', 'cat', '-o', 'no/such/folder/x.json'],
    ['no/such/folder', 'ENOENT'],
  ],
  [['classify', 'a.jpg', 'b.jpg', '--labels', 'cat', '--encoding', 'e'], ['at most one image']],
  [
    ['classify', 'a.jpg', '--labels', 'cat', '--device', 'toaster'],
    ['--device cpu', 'toaster'],
  ],
  [['segment', 'a.jpg', '--labels', 'cat', '--threshold', '2'], ['from 0 to 1']],
  [['detect', 'a.jpg', '--labels', 'cat', '--vocabulary', 'coco'], ['either --labels or --vocabulary']],
  [['detect'], ['Expected an image']],
  [['eval', 'detect', '-o', 'x'], ['--root DIR or --annotations FILE but received neither']],
  [['eval', 'detect', '--root', '.'], ['Expected -o DIR']],
  [['eval', 'merge', 'a'], ['Expected -o DIR']],
  [['eval', 'merge'], ["missing required argument 'part'"]],
  [['features', 'a.jpg'], ['-o FILE.npy or FILE.safetensors']],
  [['features', 'a.jpg', '-o', 'a.txt'], ['-o FILE.npy or FILE.safetensors but received a.txt']],
  [['features', 'a.jpg', '-o', 'a.npy', '--levels', 'mid,final'], ['one level']],
  [['features', '-o', 'a.npy'], ["missing required argument 'image'"]],
  [['encode', 'a.jpg', '-o', 'a.npy'], ['-o FILE.safetensors']],
  [['retrieve', '.'], ['--query TEXT or --captions FILE']],
  [['pull', 'nano', '-o', 'here'], ['no -o']],
  [['list', 'extra'], ['too many arguments']],
];

it('tells a mistake on stderr and ends with 2', async () => {
  const { status, stdout, stderr } = await vitamin(['classify', 'a.jpg', '--cnof', '0.3']);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toBe("error USAGE: unknown option '--cnof'\nRun vitamin classify --help for its flags.\n");
});

it.each(mistakes)('%j: status 2, told on stderr alone', async (args, said) => {
  const { status, stdout, stderr } = await inProcess(args);
  expect(stdout).toBe('');
  for (const part of said) expect(stderr).toContain(part);
  expect(stderr).not.toMatch(/\n {4}at /u);
  expect(status).toBe(2);
});

describe('variables', () => {
  it('set flags, switches by 1 and 0', async () => {
    const on = await vitamin(['list'], { env: { VITAMIN_JSON: '1' } });
    expect(JSON.parse(on.stdout)).toMatchObject({ schemaVersion: 1 });
    const off = await vitamin(['list'], { env: { VITAMIN_JSON: '0' } });
    expect(off.stdout).toMatch(/^nano {2}/u);
  });

  it('give way to flags', async () => {
    const { stdout } = await vitamin(['list', '--jsonl'], { env: { VITAMIN_JSON: '1' } });
    expect(stdout.trim().split('\n')).toHaveLength(1);
  });

  it('are checked as flags are', async () => {
    const number = await vitamin(['list'], { env: { VITAMIN_THREADS: 'many' } });
    expect([number.status, number.stdout]).toEqual([2, '']);
    expect(number.stderr).toContain('VITAMIN_THREADS');
    const word = await vitamin(['list'], { env: { VITAMIN_JSON: 'maybe' } });
    expect([word.status, word.stdout]).toEqual([2, '']);
    expect(word.stderr).toContain('Expected VITAMIN_JSON to be 1 or 0 but received "maybe"');
  });
});

it('colors errors only where they are seen', async () => {
  expect((await vitamin(['show', '/no/such/file'])).stderr).not.toContain('\u001b');
  expect((await vitamin(['show', '/no/such/file'], { env: { FORCE_COLOR: '1' } })).stderr).toContain('\u001b[31m');
  expect((await vitamin(['show', '/no/such/file', '--no-color'], { env: { FORCE_COLOR: '1' } })).stderr).not.toContain('\u001b');
});
