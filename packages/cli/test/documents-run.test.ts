import { execFileSync, spawn } from 'node:child_process';
import { copyFile, cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { decodeImage, encodeJpeg, encodeLabelPng } from '@vitamin-vlm/image';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { documentedCommands, root, wordsOf } from './documented-commands.ts';
import { inProcess, type Run, temporaryFolder, vitamin } from './support.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

/** What the hub, another server or a published data set would have to bring, and evaluations of it. */
const ELSEWHERE =
  /vitamin-large-336|fvit_ovcoco|fcclip_vitamin_l|pytorch_model|vicuna|llava|mm_projector|fvit\.pth|train (?:projector|talker)|gqa|wds_|datasets\.txt|run-ade|pull |export (?:codec|triton)/u;
/** What needs the tasks of a cluster, and what takes minutes: the names of LVIS in 14 sentences each. */
const NOT_HERE = /--queue|JOB_COMPLETION_INDEX|--vocabulary lvis/u;
/** Added to commands that would go over everything. */
const SHORT: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^eval (?:detect|segment|classify|answer) /u, ['--limit', '1']],
  [/^serve/u, ['--port', '0']],
];

const temporary = temporaryFolder();
const home = process.cwd();
beforeAll(async () => {
  vi.stubEnv('VITAMIN_CACHE_DIR', temporary('cache'));
  vi.stubEnv('VITAMIN_NO_PROGRESS', '1');
  await makeFixtures();
  process.chdir(temporary());
});
afterAll(() => {
  process.chdir(home);
  vi.unstubAllEnvs();
});

/** The files that the pages speak of: the drawn farm under all names of pictures, and scenes of picture-world. */
async function makeFixtures(): Promise<void> {
  const farm = join(root, 'tools/first-run/pictures/farm.png');
  const { width, height, data } = await decodeImage(farm);
  const jpeg = await encodeJpeg({ width, height, data });
  await mkdir(temporary('tools/first-run/pictures'), { recursive: true });
  await symlink(join(root, 'models'), temporary('models'));
  for (const path of ['farm.png', 'tools/first-run/pictures/farm.png']) await copyFile(farm, temporary(path));
  for (const path of ['street.jpg', 'shelf.jpg', 'cup.jpg', 'photos/yard.jpg', 'flowers/rose/1.jpg', 'flowers/tulip/2.jpg']) {
    await mkdir(dirname(temporary(path)), { recursive: true });
    await writeFile(temporary(path), jpeg);
  }
  await mkdir(temporary('labels'));
  await writeFile(temporary('labels/yard.png'), await encodeLabelPng({ width, height, data: new Uint8Array(width * height).fill(1) }));
  await writeFile(temporary('classes.txt'), 'sky\ngrass\n');
  await writeFile(temporary('questions.txt'), 'a boat on the water\na cat\n');
  // This package does not depend on picture-world, so that nothing has built it.
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', join(root, 'tools/picture-world')]);
  await draw('--count', '2', '--split', 'val', '--size', '96', '-o', temporary('world-val'));
  for (const name of ['scenes', 'world']) await cp(temporary('world-val'), temporary(name), { recursive: true });
  await draw('--count', '1', '--split', 'val', '--seed', '7004', '--size', '96', '-o', temporary('beach'));
}

/** Runs picture-world. */
async function draw(...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'tools/picture-world/dist/main.js'), ...args], { stdio: 'ignore' });
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
}

const all = documentedCommands();
const here = all.filter(({ line }) => !ELSEWHERE.test(line) && !NOT_HERE.test(line));

it('finds commands to run, and knows the others', () => {
  expect(here.length).toBeGreaterThan(25);
  expect(all.length - here.length).toBeGreaterThan(20);
});

describe.each([...new Set(here.map(({ page }) => page))])('%s', (page) => {
  it.each(here.filter((one) => one.page === page).map(({ line }) => line))('%s', async (line) => {
    const words = wordsOf(line);
    const args = words.slice(words[0] === 'npx' ? 2 : 1);
    const place = args.indexOf('-o');
    // Pages use one name for what each command writes.
    if (place >= 0) await rm(temporary(args[place + 1]!), { recursive: true, force: true });
    const more = SHORT.flatMap(([which, flags]) => (which.test(args.join(' ')) ? flags : []));
    const { status, stdout, stderr } = await run([...args, ...more]);
    expect([status, stderr]).toEqual([args[0] === 'serve' ? 143 : 0, expect.not.stringMatching(/error|failed/iu)]);
    expect(stdout).not.toBe('');
  });
});

/** In this process where it can be: a server is ended when it serves, a conversation when its input ends. */
async function run(args: readonly string[]): Promise<Run> {
  const cwd = temporary();
  if (args[0] === 'serve') {
    let stopped = false; // a second signal would not let it end by itself
    return await vitamin(args, { cwd, onOutput: (child, text) => void (stopped ||= text.includes('http://') && child.kill('SIGTERM')) });
  }
  if (args.includes('-i')) return await vitamin(args, { cwd, onStart: (child) => void child.stdin!.end('Is there a cat?\n') });
  return await inProcess(args);
}
