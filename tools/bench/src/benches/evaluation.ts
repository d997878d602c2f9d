import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Setting } from '../bench.ts';
import type { Figure, Target } from '../figure.ts';

interface Program {
  readonly program: string;
  readonly recorded: boolean;
  readonly seconds: number;
  readonly memory: number;
}

/** What `npm run bench -w coco-eval-js -- --json` prints. */
interface EvaluationReport {
  readonly cases: readonly { readonly name: string; readonly own: Program; readonly peers: readonly Program[] }[];
  readonly command?: { readonly seconds: number; readonly emptyProcess: number };
  readonly threads?: readonly {
    readonly threads: number;
    readonly oneThread: number;
    readonly seconds: number;
    readonly timesFaster: number;
    readonly ceiling: number;
  }[];
}

/** How many times faster than each peer, for boxes and for masks. */
const timesFaster: Readonly<Record<string, { readonly bbox: number; readonly segm: number }>> = {
  pycocotools: { bbox: 50, segm: 10 },
  'faster-coco-eval': { bbox: 10, segm: 4 },
};
/** Part of what the machine gives to separate processes. */
const threadEfficiency = 0.8;

/** coco-eval-js on a data set of val2017's size, beside the Python programs (`COCO_EVAL_PYTHON`) or their recorded times: its own benchmark as figures. */
export async function evaluationBench({ rounds }: Setting): Promise<Figure[]> {
  const args = ['run', '--silent', 'bench', '-w', 'coco-eval-js', '--', '--json'];
  const env = { ...process.env, BENCH_RUNS: String(rounds) };
  const { stdout, stderr } = await promisify(execFile)('npm', args, { env, maxBuffer: 2 ** 26, shell: process.platform === 'win32' });
  process.stderr.write(stderr);
  const { cases, command, threads = [] } = JSON.parse(stdout) as EvaluationReport;
  return [
    ...cases.flatMap(({ name, own, peers }) => peers.flatMap((peer) => caseFigures(name, own, peer))),
    ...(command ? [commandFigure(command)] : []),
    ...threads.map(({ threads: n, oneThread, seconds, timesFaster: faster, ceiling }): Figure => ({
      bench: 'evaluation',
      what: `dense_segm from columns to numbers, ${n} threads`,
      unit: 's',
      ours: seconds,
      peerName: 'one thread',
      peer: oneThread,
      ratio: 1 / faster,
      target: atMost('ratio', 1 / (threadEfficiency * ceiling)),
      note: `${faster.toFixed(2)} times faster; ${n} separate processes: ${ceiling.toFixed(2)} times the work`,
    })),
  ];
}

function atMost(on: Target['on'], value: number): Target {
  return { on, bound: 'at most', value: Math.round(value * 1000) / 1000 };
}

function caseFigures(name: string, own: Program, peer: Program): Figure[] {
  const kind = name.endsWith('bbox') ? 'bbox' : 'segm';
  // A time from another machine is a hint and keeps no bound.
  const bound = (value: number): { target: Target } | { note: string } =>
    peer.recorded ? { note: 'peer recorded on another machine' } : { target: atMost('ratio', value) };
  const common = { bench: 'evaluation', peerName: peer.program };
  const time = {
    ...common,
    what: `${name}, one thread, CPU time after parsing`,
    unit: 's',
    ours: own.seconds,
    peer: peer.seconds,
    ratio: own.seconds / peer.seconds,
    ...bound(1 / timesFaster[peer.program]![kind]),
  };
  const memory = {
    ...common,
    what: `${name}, largest resident memory`,
    unit: 'MB',
    ours: own.memory,
    peer: peer.memory,
    ratio: own.memory / peer.memory,
    ...bound(1),
  };
  return peer.program === 'pycocotools' ? [time, memory] : [time];
}

function commandFigure({ seconds, emptyProcess }: NonNullable<EvaluationReport['command']>): Figure {
  return {
    bench: 'evaluation',
    what: 'whole command on sparse_bbox, files to table',
    unit: 's',
    ours: seconds,
    peerName: 'a node that does nothing',
    peer: emptyProcess,
    ratio: seconds / emptyProcess,
    target: atMost('ours', 0.5),
  };
}
