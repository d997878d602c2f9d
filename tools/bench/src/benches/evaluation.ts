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
export interface EvaluationReport {
  readonly cases: readonly { readonly name: string; readonly own: Program; readonly peers: readonly Program[] }[];
  readonly command?: { readonly seconds: number; readonly emptyProcess: number };
  readonly threads?: readonly {
    readonly threads: number;
    readonly oneThread: number;
    readonly seconds: number;
    readonly timesFaster: number;
    readonly callTimesFaster: number;
    readonly ceiling: number;
  }[];
}

/** How many times faster than each peer, for boxes and for masks. */
const timesFaster: Readonly<Record<string, { readonly bbox: number; readonly segm: number }>> = {
  pycocotools: { bbox: 50, segm: 10 },
  'faster-coco-eval': { bbox: 10, segm: 4 },
};
/** Of the whole command, than pycocotools' evaluation alone: 10.41 / 0.5. */
const commandTimesFaster = 20.8;
/** Part of what the machine gives to separate processes. */
const threadEfficiency = 0.8;

/** coco-eval-js on a data set of val2017's size, beside the Python programs (`COCO_EVAL_PYTHON`) or their recorded times: its own benchmark as figures. */
export async function evaluationBench({ rounds }: Setting): Promise<Figure[]> {
  const args = ['run', '--silent', 'bench', '-w', 'coco-eval-js', '--', '--json'];
  const env = { ...process.env, BENCH_RUNS: String(rounds) };
  const { stdout, stderr } = await promisify(execFile)('npm', args, { env, maxBuffer: 2 ** 26, shell: process.platform === 'win32' });
  process.stderr.write(stderr);
  return evaluationFigures(JSON.parse(stdout) as EvaluationReport);
}

/** The report as figures: speeds, so that a ratio says how many times faster. */
export function evaluationFigures({ cases, command, threads = [] }: EvaluationReport): Figure[] {
  return [
    ...cases.flatMap(({ name, own, peers }) => peers.flatMap((peer) => caseFigures(name, own, peer))),
    ...(command ? [commandFigure(command, cases)] : []),
    ...threads.map(({ threads: n, oneThread, seconds, timesFaster: faster, callTimesFaster, ceiling }): Figure => ({
      bench: 'evaluation',
      what: `dense_segm without reading, ${n} threads`,
      unit: '/s',
      ours: 1 / seconds,
      peerName: 'one thread',
      peer: 1 / oneThread,
      ratio: faster,
      target: { on: 'ratio', bound: 'at least', value: Math.round(100 * threadEfficiency * ceiling) / 100 },
      note: `with reading ${callTimesFaster.toFixed(2)}; ${n} separate processes do ${ceiling.toFixed(2)} times the work`,
    })),
  ];
}

function caseFigures(name: string, own: Program, peer: Program): Figure[] {
  const kind = name.endsWith('bbox') ? 'bbox' : 'segm';
  // A time from another machine is a hint and keeps no bound.
  const bound = (target: Target): { target: Target } | { note: string } =>
    peer.recorded ? { note: 'peer recorded on another machine' } : { target };
  const common = { bench: 'evaluation', peerName: peer.program };
  const time = {
    ...common,
    what: `${name}, one thread, CPU time after parsing`,
    unit: '/s',
    ours: 1 / own.seconds,
    peer: 1 / peer.seconds,
    ratio: peer.seconds / own.seconds,
    ...bound({ on: 'ratio', bound: 'at least', value: timesFaster[peer.program]![kind] }),
  };
  const memory = {
    ...common,
    what: `${name}, largest resident memory`,
    unit: 'MB',
    ours: own.memory,
    peer: peer.memory,
    ratio: own.memory / peer.memory,
    ...bound({ on: 'ratio', bound: 'at most', value: 1 }),
  };
  return peer.program === 'pycocotools' ? [time, memory] : [time];
}

/**
 * On another machine a bound in seconds says little, so the command is held against pycocotools' evaluation (files already parsed) in the same run where there
 * is one: 0.5 s were asked of a machine on which that takes 10.41 s.
 */
function commandFigure({ seconds, emptyProcess }: NonNullable<EvaluationReport['command']>, cases: EvaluationReport['cases']): Figure {
  const common = { bench: 'evaluation', what: 'whole command on sparse_bbox, files to table' };
  const peers = cases.find(({ name }) => name === 'sparse_bbox')?.peers ?? [];
  const peer = peers.find(({ program, recorded }) => program === 'pycocotools' && !recorded);
  const node = `${seconds.toFixed(2)} s, of which an empty node takes ${emptyProcess.toFixed(2)} s`;
  if (peer !== undefined) {
    return {
      ...common,
      unit: '/s',
      ours: 1 / seconds,
      peerName: 'pycocotools, evaluation alone',
      peer: 1 / peer.seconds,
      ratio: peer.seconds / seconds,
      target: { on: 'ratio', bound: 'at least', value: commandTimesFaster },
      note: node,
    };
  }
  return {
    ...common,
    unit: 's',
    ours: seconds,
    peerName: 'a node that does nothing',
    peer: emptyProcess,
    ratio: seconds / emptyProcess,
    target: { on: 'ours', bound: 'at most', value: 0.5 },
  };
}
