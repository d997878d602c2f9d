import { evaluateFile, readAnnotations } from 'coco-eval-js/node';

// One evaluation of masks in a fresh process: argv holds annotations, results, number of threads. Prints wall seconds from the call, with annotations at
// hand, to the numbers, and of these until the last result was read.
const [groundTruth = '', results = '', workers = ''] = process.argv.slice(2);
const annotations = await readAnnotations(groundTruth);
const start = performance.now();
let read = 0;
const { stats } = await evaluateFile(annotations, results, {
  iouType: 'segm',
  workers: Number(workers),
  onProgress: ({ done }) => {
    if (done === 0) read = performance.now();
  },
});
const seconds = (performance.now() - start) / 1000;
process.stdout.write(JSON.stringify({ seconds, reading: (read - start) / 1000, memory: process.resourceUsage().maxRSS / 1024, stats }));
