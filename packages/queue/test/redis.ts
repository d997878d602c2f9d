import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** Whether a Redis can be started here (Debian: redis-server). */
export const hasRedis: boolean = spawnSync('redis-server', ['--version']).status === 0;

/** A real Redis on this machine alone, with a folder of its own, that can be killed and started again. */
export class Redis implements AsyncDisposable {
  readonly url: string;
  readonly #port: number;
  readonly #folder: string;
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string, flags: readonly string[]) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#port = port;
    this.#folder = folder;
    this.#flags = flags;
  }

  static async start(flags: readonly string[] = []): Promise<Redis> {
    const redis = new Redis(await freePort(), await mkdtemp(join(tmpdir(), 'queue-redis-')), flags);
    await redis.start();
    return redis;
  }

  /** Starts it, with what it knew when it was killed. */
  async start(): Promise<void> {
    const settings = [
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'yes',
      '--maxmemory-policy',
      'noeviction',
      '--dir',
      this.#folder,
    ];
    const started = spawn('redis-server', ['--port', String(this.#port), ...settings, ...this.#flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = started;
    let told = '';
    started.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
    for (let tries = 0; !told.includes('Ready to accept connections'); tries++) {
      if (tries > 400 || started.exitCode !== null) throw new Error(`redis-server did not start: ${told}`);
      await setTimeout(25);
    }
  }

  /** kill -9 */
  async kill(): Promise<void> {
    if (!this.#process || this.#process.exitCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}
