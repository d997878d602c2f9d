import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Run, type RunOptions, temporaryFolder, vitamin, writeBrokenPicture, writePicture, writeTinyModel } from './support.ts';

/** The command as a process of its own: streams, statuses, signals. What it computes is tested in commands.test.ts. */
const temporary = temporaryFolder();
const embedded = fileURLToPath(new URL('../../../models/nano/open_clip_model.safetensors', import.meta.url));
const classify = ['classify', '--labels', 'red bus,dog'];

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await writePicture(temporary('a.png'), 60, 48);
  await writePicture(temporary('large.png'), 1200, 400);
  await writeBrokenPicture(temporary('broken.jpg'));
});

async function run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const env = { VITAMIN_MODEL: temporary('model'), VITAMIN_CACHE_DIR: temporary('cache'), ...options.env };
  return await vitamin(args, { cwd: temporary(), ...options, env });
}

it('puts one JSON document on stdout', async () => {
  const { status, stdout } = await run([...classify, 'a.png', '--json', '-v']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, images: [{ file: 'a.png', width: 60, height: 48 }] });
});

it('reads a picture, and a list of them, from standard input', async () => {
  const picture = await readFile(temporary('a.png'));
  for (const name of ['-', '/dev/stdin']) {
    const { stdout, status } = await run([...classify, name, '--jsonl'], { onStart: (child) => child.stdin!.end(picture) });
    expect([JSON.parse(stdout), status]).toEqual([expect.objectContaining({ file: name, width: 60 }), 0]);
  }
  const listed = await run([...classify, '--files-from', '-', '--jsonl'], { onStart: (child) => child.stdin!.end('a.png\n') });
  expect(JSON.parse(listed.stdout)).toMatchObject({ file: 'a.png' });
  const empty = await run([...classify, '-'], { onStart: (child) => child.stdin!.end() });
  expect(empty).toMatchObject({ status: 3, stderr: expect.stringContaining('received nothing') });
  expect((await run([...classify, '-', '-'])).status).toBe(2);
});

it.skipIf(!existsSync('/proc/self'))('works, with one remark, where nothing can be kept', async () => {
  const env = { HOME: '/proc', XDG_CACHE_HOME: '', VITAMIN_CACHE_DIR: '' };
  const { status, stdout, stderr } = await run([...classify, 'a.png', '--no-progress'], { env });
  expect([status, stdout]).toEqual([0, expect.stringMatching(/^a\.png/u)]);
  expect(stderr).toMatch(/^Nothing can be kept in \/proc.*--cache-dir\.\n$/u);
  const named = await run([...classify, 'a.png', '--cache-dir', '/proc/x']);
  expect(named).toMatchObject({ status: 2, stderr: expect.stringContaining('--cache-dir') });
});

it.skipIf(!existsSync('/dev/full'))('says in one line that the result could not be written', async () => {
  const full = await open('/dev/full', 'w');
  const child = spawn(process.execPath, [fileURLToPath(new URL('../bin/vitamin.js', import.meta.url)), 'list'], {
    stdio: ['ignore', full.fd, 'pipe'],
  });
  let said = '';
  child.stderr!.on('data', (text: Buffer) => (said += text.toString()));
  const status = await new Promise((resolve) => {
    child.once('close', resolve);
  });
  await full.close();
  expect([status, said]).toEqual([1, expect.stringMatching(/^error RUNTIME: .*ENOSPC\n$/u)]);
});

it('ends with 3 when one of several inputs fails, 4 without a model', async () => {
  const bad = await run([...classify, 'a.png', 'broken.jpg', '--json']);
  expect(bad.status).toBe(3);
  expect(JSON.parse(bad.stdout)).toMatchObject({ images: [{ file: 'a.png' }], failed: [{ file: 'broken.jpg' }] });
  expect((await run([...classify, 'a.png', '--model', 'nowhere.bin'])).status).toBe(4);
});

it.skipIf(!existsSync(embedded))('reads a picture with the embedded model when none is named', async () => {
  const picture = fileURLToPath(new URL('../../../tools/first-run/pictures/farm.png', import.meta.url));
  const { status, stdout } = await vitamin(['classify', picture, '--labels', 'boat,sheep,pizza', '--json'], {
    env: { VITAMIN_CACHE_DIR: temporary('cache') },
  });
  expect(status).toBe(0);
  const document = JSON.parse(stdout) as { model: { address: string }; images: [{ labels: { label: string }[] }] };
  expect(document.model.address).toBe('nano');
  expect(document.images[0].labels.map(({ label }) => label)[0]).toBe('sheep');
});

/** A run that takes long (and has a long command line, which ONNX Runtime's telemetry does not survive), and the signals it gets: the first after the first line of output, the second when that was answered. */
async function interrupted(first: NodeJS.Signals, second?: NodeJS.Signals): Promise<Run> {
  const files = Array.from({ length: 3000 }, () => 'a.png');
  let sent = 0;
  return await run([...classify, ...files, '--jsonl', '--no-progress'], {
    onOutput: (child, text) => {
      if (sent === 0 && text.includes('"file"')) {
        sent = 1;
        child.kill(first);
      } else if (sent === 1 && second && text.includes('Stopping')) {
        sent = 2;
        child.kill(second);
      }
    },
  });
}

describe('signals', () => {
  it('keep what is complete: 130 after SIGINT, 143 after SIGTERM', async () => {
    const lines = await interrupted('SIGINT');
    expect([lines.status, lines.signal]).toEqual([130, null]);
    const complete = lines.stdout.trim().split('\n');
    expect(complete.length).toBeLessThan(3000);
    for (const line of complete) expect(JSON.parse(line)).toMatchObject({ file: 'a.png', width: 60 });
    expect((await interrupted('SIGTERM')).status).toBe(143);
  });

  it('twice leave at once', async () => {
    const { signal, stdout } = await interrupted('SIGINT', 'SIGINT');
    expect(signal).toBe('SIGINT');
    expect(stdout.split('\n').length).toBeLessThan(3000);
  });

  it('end it eight seconds after the first SIGTERM where a read never returns', { timeout: 120_000 }, async () => {
    let sent = 0;
    // Nobody writes to its standard input, and nobody closes it: as a mount that is gone.
    const { signal, stdout, stderr } = await run([...classify, 'a.png', '-', '--jsonl', '--no-progress'], {
      onOutput: (child, text) => {
        if (sent > 0 || !text.includes('"file"')) return;
        sent = performance.now();
        child.kill('SIGTERM');
      },
    });
    expect([signal, stderr]).toEqual(['SIGTERM', expect.stringContaining('Stopping after the running step')]);
    expect(JSON.parse(stdout)).toMatchObject({ file: 'a.png' });
    expect(performance.now() - sent).toBeGreaterThan(7500);
  });

  it('leave no half-written file', async () => {
    const before = await readdir(temporary());
    let sent = false;
    const { status, stdout } = await run(['features', 'large.png', '-o', 'f.npy', '--size', '4000', '--stride', '16', '--levels', 'os4'], {
      onOutput: (child, text) => {
        if (!sent && text.includes('%')) {
          sent = true;
          child.kill('SIGINT');
        }
      },
    });
    expect([status, stdout]).toEqual([130, '']);
    expect(await readdir(temporary())).toEqual(before);
  });
});

it('is content when the reader of its result leaves early', async () => {
  const files = Array.from({ length: 500 }, () => 'a.png');
  const { status, stderr } = await run([...classify, ...files, '--jsonl'], { onOutput: (child) => child.stdout?.destroy() });
  expect(status).toBe(0);
  expect(stderr).not.toContain('EPIPE');
});
