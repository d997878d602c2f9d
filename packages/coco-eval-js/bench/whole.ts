import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

// CPU seconds (user and system, all threads) of whole processes, files to numbers, beside hotcoco 1.x: COCO_EVAL_PYTHON names a Python that has it. The data of
// `bench` and multiples of them, in which every image stands several times. Both in turn, the least of BENCH_RUNS: what else the machine does only adds.

interface Row {
  readonly image_id?: number;
  readonly id?: number;
}
interface Dataset {
  readonly images: readonly { readonly id: number }[];
  readonly annotations: readonly (Row & { readonly id: number })[];
}

const data = join(process.env['VITAMIN_SHARED'] ?? resolve(import.meta.dirname, '../../../../../shared'), 'data/val5k');
const python = process.env['COCO_EVAL_PYTHON'];
const runs = Number(process.env['BENCH_RUNS'] ?? 3);
/** Numbers of images: only cases of these. */
const sizes = process.argv.slice(2).map(Number);
const command = resolve(import.meta.dirname, '../../bin/coco-eval.js');
const folder = mkdtempSync(join(tmpdir(), 'coco-eval-whole-'));

const program = `
import sys
from hotcoco import COCO, COCOeval
gt = COCO(sys.argv[1]); dt = gt.load_res(sys.argv[2]); e = COCOeval(gt, dt, sys.argv[3]); e.run()
if len(sys.argv) > 4: e.tide_errors(); e.confusion_matrix()
`;

function read(name: string): unknown {
  return JSON.parse(gunzipSync(readFileSync(join(data, `${name}.json.gz`))).toString());
}

/** The files of a case with every image `times` times. */
function write(name: string, times: number): [string, string] {
  const [gt, dt] = [read('gt') as Dataset, read(name) as Row[]];
  const far = 1e7;
  const copies = <T>(list: readonly T[], copy: (entry: T, n: number) => T): T[] =>
    Array.from({ length: times }, (_, n) => list.map((entry) => copy(entry, n))).flat();
  const paths: [string, string] = [join(folder, 'gt.json'), join(folder, 'dt.json')];
  const images = copies(gt.images, (image, n) => ({ ...image, id: image.id + n * far }));
  const annotations = copies(gt.annotations, (entry, n) => ({ ...entry, image_id: entry.image_id! + n * far })).map((entry, i) => ({
    ...entry,
    id: i + 1,
  }));
  writeFileSync(paths[0], JSON.stringify({ ...gt, images, annotations }));
  writeFileSync(paths[1], JSON.stringify(copies(dt, (entry, n) => ({ ...entry, image_id: entry.image_id! + n * far }))));
  return paths;
}

/** User and system seconds of a process. */
function secondsOf(...args: readonly string[]): number {
  const { stderr, status } = spawnSync('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$@" > /dev/null 2>&1', '_', ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`Expected ${args.join(' ')} to end with 0 but it ended with ${status}`);
  return stderr
    .trim()
    .split(' ')
    .reduce((sum, part) => sum + Number(part), 0);
}

/** The least seconds of both programs, in turn. */
function both(paths: readonly [string, string], iouType: string, flags: readonly string[]): { own: number; peer: number } {
  let [own, peer] = [Infinity, Infinity];
  for (let i = 0; i < runs; i++) {
    own = Math.min(own, secondsOf(process.execPath, command, ...paths, '--iou-type', iouType, ...flags));
    peer = Math.min(peer, secondsOf(python!, '-c', program, ...paths, iouType, ...flags));
  }
  return { own, peer };
}

const cases: readonly (readonly [name: string, times: number, flags?: readonly string[]])[] = [
  ['sparse_bbox', 1],
  ['dense_bbox', 1],
  ['sparse_segm', 1],
  ['sparse_bbox', 4],
  ['sparse_bbox', 16],
  ['sparse_bbox', 1, ['--tide', '--confusion']],
];

if (python === undefined) process.stderr.write('Nothing measured: set COCO_EVAL_PYTHON to a Python that has hotcoco.\n');
else {
  try {
    process.stdout.write('| case | images | coco-eval, CPU s | hotcoco, CPU s | ratio |\n|---|---|---|---|---|\n');
    for (const [name, times, flags = []] of cases.filter(([, copies]) => sizes.length === 0 || sizes.includes(5000 * copies))) {
      const { own, peer } = both(write(name, times), name.split('_')[1]!, flags);
      const title = [name.replace('_', ' '), ...flags].join(' ');
      process.stdout.write(`| ${title} | ${5000 * times} | ${own.toFixed(2)} | ${peer.toFixed(2)} | ${(own / peer).toFixed(2)} |\n`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
