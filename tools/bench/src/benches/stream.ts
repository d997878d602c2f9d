import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { encodePng } from '@vitamin-vlm/image';
import type { Setting } from '../bench.ts';
import type { Figure } from '../figure.ts';

const PICTURES = 100_000;
const command = fileURLToPath(new URL('./bin/vitamin.js', import.meta.resolve('vitamin-vlm/package.json')));

/** Resident memory of `vitamin encode` while it works through a tar archive of many tiny pictures. Linux only. */
export async function streamBench({ folder, threads }: Setting): Promise<Figure[]> {
  if (process.platform !== 'linux') return [];
  const archive = join(folder, 'pictures.tar');
  await writeArchive(archive);
  const flags = ['-m', 'nano', '--threads', String(threads), '-o', join(folder, 'pictures.npy')];
  const child = spawn(process.execPath, [command, 'encode', archive, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'close');
  const tenths: number[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    const done = Number(/(\d+) of \d+/u.exec(line)?.[1]);
    if (done >= ((tenths.length + 1) * PICTURES) / 10) tenths.push(residentOf(child.pid!));
  }
  const [code] = (await ended) as [number];
  await rm(archive);
  if (code !== 0 || tenths.length < 9)
    throw new Error(`Expected vitamin encode to work through ${PICTURES} pictures but it ended with ${code}`);
  const [early, late] = [tenths[2]!, tenths[8]!];
  return [
    {
      bench: 'stream',
      what: `resident memory of vitamin encode at 90 % of ${PICTURES} pictures in a tar archive`,
      unit: 'MB',
      ours: late / 1e6,
      peerName: 'at 30 %',
      peer: early / 1e6,
      ratio: late / early,
      target: { on: 'ratio', bound: 'at most', value: 1.05 },
      note: `every tenth: ${tenths.map((bytes) => (bytes / 1e6).toFixed(0)).join(' ')} MB`,
    },
  ];
}

function residentOf(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

/** The same 16 pixels under many names, as webdataset's writer lays them out. */
async function writeArchive(path: string): Promise<void> {
  const png = Buffer.from(await encodePng({ width: 4, height: 4, data: new Uint8Array(48).fill(90) }));
  const body = Buffer.alloc(512 * Math.ceil(png.length / 512));
  png.copy(body);
  const file = await open(path, 'w');
  try {
    for (let i = 0; i < PICTURES; i += 1000) {
      const blocks = Array.from({ length: 1000 }, (_, j) => [header(`${String(i + j).padStart(9, '0')}.png`, png.length), body]);
      await file.appendFile(Buffer.concat(blocks.flat()));
    }
    await file.appendFile(Buffer.alloc(1024));
  } finally {
    await file.close();
  }
}

function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write('0000644\0', 100);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write(`${'0'.repeat(11)}\0`, 136);
  block.write(' '.repeat(8), 148); // the checksum counts as spaces
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
