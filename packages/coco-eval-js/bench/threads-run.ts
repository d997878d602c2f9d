import { evaluateFile, readAnnotations } from 'coco-eval-js/node';

// One evaluation of masks in a fresh process: argv holds annotations, results, number of threads. Prints the wall seconds from the last byte read to
// the numbers.
const [groundTruth = '', results = '', workers = ''] = process.argv.slice(2);
const annotations = await readAnnotations(groundTruth);
let start = 0;
const { stats } = await evaluateFile(annotations, results, {
  iouType: 'segm',
  workers: Number(workers),
  onProgress: ({ done }) => {
    if (done === 0) start = performance.now();
  },
});
process.stdout.write(JSON.stringify({ seconds: (performance.now() - start) / 1000, memory: process.resourceUsage().maxRSS / 1024, stats }));
