import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inTemporaryFolder, vitamin, writeTinyModel } from './support.ts';

const { temporary, run } = inTemporaryFolder();

beforeAll(() => writeTinyModel(temporary('model')));

describe('show', () => {
  it('lists the tensors of a model and tells its variant and license', async () => {
    const { stdout, status } = await run('show', 'model');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^model +vitamin-custom-32, layout clip/mu);
    expect(stdout).toMatch(/^license +apache-2\.0/mu);
    expect(stdout).toMatch(/^text\.token_embedding\.weight +float32 +\[49408, 64\] +12\.6 MB$/mu);
    const document = JSON.parse((await run('show', 'model', '--json')).stdout) as { tensors: object[]; totals: { tensors: number } };
    expect(document.tensors).toHaveLength(document.totals.tensors);
  });

  it('shows weights that are no ViTamin, and escapes what a terminal would obey', async () => {
    await writeSafetensors(temporary('other.safetensors'), {
      'evil\u001b[2J': { dtype: 'float32', shape: [1], data: new Float32Array(1) },
    });
    const { stdout } = await run('show', 'other.safetensors');
    expect(stdout).toMatch(/^model +not a ViTamin/mu);
    expect(stdout).not.toContain('\u001b');
  });

  it('knows a published model that was not downloaded', async () => {
    const { stdout, status } = await run('show', 'vitamin-large-336', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ weights: null, published: { repo: 'jienengchen/ViTamin-L-336px', license: 'Apache-2.0' } });
  });
});

it('tells in doctor which setting won', async () => {
  const env = { VITAMIN_CACHE_DIR: temporary('cache'), VITAMIN_THREADS: '2', HF_HUB_OFFLINE: '1', HF_TOKEN: 'hf_secret' };
  const { stdout, status } = await vitamin(['doctor', '--json', '--threads', '1'], { env });
  expect(status).toBe(0);
  expect(stdout).not.toContain('hf_secret');
  const { settings, runtime, guestEngine } = JSON.parse(stdout) as { settings: { name: string }[]; runtime: object; guestEngine: object };
  expect(guestEngine).toEqual({
    name: '@tensorflow/tfjs-node-gpu',
    installed: false,
    loads: false,
    gpu: false,
    detail: 'not installed (optional)',
    requirement: expect.stringMatching(/Node below 23.*CUDA 11\.2.*cuDNN 8\.1/u),
  });
  expect(runtime).toMatchObject({ onnxruntime: '1.30.0', node: process.versions.node });
  expect(settings).toEqual(
    expect.arrayContaining([
      { name: 'threads', value: '1', source: '--threads' },
      { name: 'cache-dir', value: temporary('cache'), source: 'VITAMIN_CACHE_DIR' },
      { name: 'hub offline', value: 'on', source: 'HF_HUB_OFFLINE' },
      { name: 'hub token', value: 'set', source: 'HF_TOKEN' },
      { name: 'device', value: '-', source: 'default' },
    ]),
  );
});

describe('pull and list', () => {
  const commit = 'c'.repeat(40);
  let server: Server;
  let bytes: Buffer;

  /** The least that a Hub answers: one repository with one weight file. */
  beforeAll(async () => {
    bytes = await readFile(temporary('model', 'open_clip_model.safetensors'));
    const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;
    server = createServer((request, response) => {
      if (request.url?.startsWith('/api/models/org/tiny/')) {
        response.end(JSON.stringify({ sha: commit, siblings: [{ rfilename: 'open_clip_model.safetensors' }] }));
      } else if (request.url?.endsWith('/open_clip_model.safetensors')) {
        response.writeHead(200, { 'x-repo-commit': commit, etag, 'content-length': bytes.length });
        response.end(request.method === 'HEAD' ? undefined : bytes);
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    process.env['HF_ENDPOINT'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    delete process.env['HF_ENDPOINT'];
    server.close();
  });

  it('bring weights into the cache once, where every command finds them offline', async () => {
    const pulled = await run('pull', 'hf:org/tiny');
    expect([pulled.status, pulled.stderr]).toEqual([0, '']);
    const path = pulled.stdout.trim();
    expect(path).toBe(temporary('cache', 'hub', 'models--org--tiny', 'snapshots', commit, 'open_clip_model.safetensors'));
    expect(bytes.equals(await readFile(path))).toBe(true);
    expect((await run('pull', 'hf:org/tiny', '--offline', '--json')).stdout).toContain(path);
    expect((await run('list')).stdout).toContain('hf:org/tiny/open_clip_model.safetensors  13.3 MB');
    expect((await run('show', 'hf:org/tiny')).stdout).toContain('vitamin-custom-32');
  });

  it('end with 5 when the network or the Hub fails, 4 for what is no model', async () => {
    expect((await run('pull', 'hf:org/other', '--offline')).status).toBe(5);
    expect((await run('pull', 'vitamin-nonsense')).status).toBe(4);
  });
});
