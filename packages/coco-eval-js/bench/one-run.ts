import { existsSync, readFileSync } from 'node:fs';
import { type Dataset, evaluate, type IouType, type Result } from 'coco-eval-js';

// One evaluation in a fresh process: argv holds annotations, results, IoU type. Parsing is not timed; everything after it is.
const [groundTruthPath = '', resultsPath = '', iouType = ''] = process.argv.slice(2);

function parse(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
/** CPU time of this thread where Linux tells it: the compiler and the garbage collector work beside it. Elsewhere that of the whole process. */
function cpuSeconds(): number {
  const file = '/proc/thread-self/schedstat';
  if (existsSync(file)) return Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e9;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const dataset = parse(groundTruthPath) as Dataset;
const results = parse(resultsPath) as Result[];
const wall = performance.now();
const cpu = cpuSeconds();
const { stats } = evaluate(dataset, results, { iouType: iouType as IouType });
const seconds = cpuSeconds() - cpu;
const wallSeconds = (performance.now() - wall) / 1000;
const memory = process.resourceUsage().maxRSS / 1024;
process.stdout.write(JSON.stringify({ seconds, wallSeconds, memory, stats }));
