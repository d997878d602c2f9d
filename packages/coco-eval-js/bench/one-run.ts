import { readFileSync } from 'node:fs';
import { type Dataset, evaluate, type IouType, type Result } from 'coco-eval-js';

// One evaluation in a fresh process: argv holds annotations, results, IoU type. Parsing is not timed; everything after it is.
const [groundTruthPath = '', resultsPath = '', iouType = ''] = process.argv.slice(2);

const parse = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const dataset = parse(groundTruthPath) as Dataset;
const results = parse(resultsPath) as Result[];
const wall = performance.now();
const cpu = cpuSeconds();
const { stats } = evaluate(dataset, results, { iouType: iouType as IouType });
const seconds = cpuSeconds() - cpu;
const wallSeconds = (performance.now() - wall) / 1000;
const memory = process.resourceUsage().maxRSS / 1024;
process.stdout.write(JSON.stringify({ seconds, wallSeconds, memory, stats }));
