import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { startServer, type RunningServer } from '@vitamin-vlm/server';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));
const built = join(folder, 'dist/page');
/** Debian's package, or the browser that VITAMIN_CHROMIUM names. */
const browserPath = process.env['VITAMIN_CHROMIUM'] ?? '/usr/bin/chromium';
if (!existsSync(browserPath)) process.emitWarning(`No Chromium at ${browserPath}: the page is not tried in a browser.`);

beforeAll(() => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [fileURLToPath(new URL('../../../node_modules/vite/bin/vite.js', import.meta.url)), 'build', 'page', '--logLevel', 'warn'],
    { cwd: folder, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
});

it('is under 150 kB gzipped, and names no other place', async () => {
  const names = (await readdir(built, { recursive: true })).filter((name) => /\.(?:html|js|css)$/u.test(name));
  const texts = await Promise.all(names.map((name) => readFile(join(built, name))));
  expect(texts.reduce((sum, text) => sum + gzipSync(text).length, 0)).toBeLessThan(150_000);
  const addresses = texts.flatMap((text) => text.toString().match(/https?:\/\/[\w.-]+/gu) ?? []);
  expect(addresses.filter((address) => address !== 'http://www.w3.org')).toEqual([]);
});

it('has the types of the server as it is', async () => {
  const { clientTypes } = (await import(new URL('../page/write-types.mjs', import.meta.url).href)) as {
    clientTypes: () => Promise<string>;
  };
  // Run `node page/write-types.mjs` when this fails.
  expect(await readFile(join(folder, 'page/src/schema.gen.ts'), 'utf8')).toBe(await clientTypes());
});

/** The machine may be busy. */
vi.setConfig({ testTimeout: 150_000 });
const poll = <T>(read: () => Promise<T>): ReturnType<typeof expect.poll<T>> => expect.poll(read, { timeout: 50_000, interval: 200 });

describe.skipIf(!existsSync(browserPath))('in a browser', () => {
  let server: RunningServer;
  let browser: Browser;
  let page: Page;
  let home: string;
  const asked: string[] = [];
  beforeAll(async () => {
    server = await startServer({ port: 0 });
    home = await mkdtemp(join(tmpdir(), 'vitamin-page-'));
    browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'], env: { ...process.env, HOME: home } });
    page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    page.setDefaultTimeout(50_000);
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(home, { recursive: true, force: true });
  });

  const found = async (): Promise<string[]> => await page.locator('.found li button span:first-child').allTextContents();

  it('finds things in a scene, and asks nobody else', async () => {
    await page.getByText(/^\d+ found$/u).waitFor();
    expect(await found()).toEqual(expect.arrayContaining(['zebra', 'elephant', 'giraffe']));
    expect(await page.getByRole('img', { name: /zebra/u }).count()).toBe(1);
    expect(asked.filter((url) => !url.startsWith(server.url) && !url.startsWith('data:'))).toEqual([]);
  });

  it('asks again when words change, by the key alone, and keeps them in the link', async () => {
    const sent = page.waitForRequest((request) => request.url().endsWith('/v1/detect') && (request.postData() ?? '').includes('"key"'));
    await page.getByLabel('New word').fill('umbrella');
    await page.keyboard.press('Enter');
    expect((await sent).postData()!.length).toBeLessThan(1000);
    await poll(() => Promise.resolve(new URL(page.url()).hash)).toContain('umbrella');
  });

  it('names every pixel, and says which segment the pointer is on', async () => {
    await page.getByLabel('segments').check();
    await poll(found).toEqual(expect.arrayContaining(['sky']));
    await page.getByRole('img', { name: /sky/u }).hover({ position: { x: 30, y: 30 } });
    await poll(() => page.locator('.found .hovered').textContent()).toContain('sky');
    await page.getByLabel(/Only what scores/u).fill('1');
    await poll(found).toEqual([]);
  });

  it('takes a picture from a file, and tells in words what is none', async () => {
    await page.getByLabel('boxes').check();
    await page.getByLabel(/Only what scores/u).fill('0.4');
    await page.locator('input[type=file]').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('nothing') });
    await poll(() => page.locator('.status .error').textContent()).toContain('PNG');
    await page.getByLabel('The lake').click();
    await poll(found).toEqual(expect.arrayContaining(['bird']));
  });

  it('says that the server is gone', async () => {
    await server.close();
    await page.getByLabel('New word').fill('boat');
    await page.keyboard.press('Enter');
    await poll(() => page.locator('.status .error').textContent()).toContain('cannot be reached');
  });
});
