import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Setting } from '../bench.ts';
import type { Figure } from '../figure.ts';
import type { OpenReport } from '../open-worker.ts';
import { median } from '../paired.ts';
import { sparseSafetensors, sparseTorchArchive } from '../sparse-files.ts';

const formats = [
  { name: 'safetensors', write: sparseSafetensors },
  { name: 'torch archive', write: sparseTorchArchive },
] as const;

/** Opening a file of over 4 GB in a fresh process, beside a small one of as many tensors: size must not matter. */
export async function openBench({ folder, rounds }: Setting): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { name, write } of formats) {
    const large = join(folder, `large ${name}`);
    const small = join(folder, `small ${name}`);
    await write(large, true);
    await write(small, false);
    const [ours, peer, bare]: [OpenReport[], OpenReport[], OpenReport[]] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      ours.push(await openInProcess(large));
      peer.push(await openInProcess(small));
      bare.push(await openInProcess());
    }
    figures.push(
      {
        bench: 'open',
        what: `${name} of ${ours[0]!.tensors} tensors, over 4 GB`,
        unit: 'ms',
        ours: median(ours.map(({ milliseconds }) => milliseconds)),
        peerName: 'as many tensors of one number each',
        peer: median(peer.map(({ milliseconds }) => milliseconds)),
        ratio: median(ours.map(({ milliseconds }, round) => milliseconds / peer[round]!.milliseconds)),
        target: { on: 'ours', bound: 'at most', value: 300 },
      },
      {
        bench: 'open',
        what: `largest resident memory of that process`,
        unit: 'MB',
        ours: median(ours.map(({ peak }) => peak)) / 1e6,
        peerName: 'the same process without a file',
        peer: median(bare.map(({ peak }) => peak)) / 1e6,
        ratio: median(ours.map(({ peak }, round) => peak / bare[round]!.peak)),
        target: { on: 'ours', bound: 'at most', value: 100 },
      },
    );
  }
  return figures;
}

async function openInProcess(path?: string): Promise<OpenReport> {
  const script = fileURLToPath(new URL('../open-worker.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, path === undefined ? [script] : [script, path]);
  return JSON.parse(stdout) as OpenReport;
}
