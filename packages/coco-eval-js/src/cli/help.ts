import { flags } from './flags.data.ts';

/** The help, below 100 columns. */
export function helpText(): string {
  const lines = Object.entries(flags).map(([name, flag]) => {
    const short = flag.short === undefined ? '' : `-${flag.short}, `;
    const value = flag.value === undefined ? '' : ` ${flag.value}`;
    const left = `${short}--${name}${value}`;
    return left.length > 32 ? `  ${left}\n${' '.repeat(36)}${flag.help}` : `  ${left.padEnd(34)}${flag.help}`;
  });
  return `coco-eval GT.json DT.json [flags]            metrics of detections or panoptic maps
coco-eval compare GT.json A.json B.json...   differences from A, with intervals
coco-eval check GT.json [DT.json]             what is wrong with files, all at once
coco-eval merge PART... [flags]              the metrics of what --shard of this command has matched in parts

COCO, LVIS, panoptic and semantic metrics with the numbers of the reference programs. Files may end in
.json.gz; - is standard input.

${lines.join('\n')}

Examples:
  coco-eval instances_val2017.json results.json
  coco-eval instances_val2017.json results.json.gz --iou-type segm --per-class --report out
  coco-eval lvis_v1_val.json results.json --lvis --iou-type segm --json
  coco-eval panoptic_val2017.json predictions.json --panoptic
  coco-eval --semantic --gt-folder truth --dt-folder found/semantic --gt-classes classes.json
  coco-eval compare instances_val2017.json baseline.json better.json --report out
  coco-eval instances_val2017.json results.json --shard 1/4 -o part-1; coco-eval merge part-*

Exit status: 0 done, 1 internal error, 2 wrong flags, 3 a file cannot be used, 130 or 143 stopped.
`;
}
