import type { Command, PassThrough } from './command.ts';
import { ask } from './commands/ask.ts';
import { classify } from './commands/classify.ts';
import { detect } from './commands/detect.ts';
import { doctor } from './commands/doctor.ts';
import { encode } from './commands/encode.ts';
import { evalClassify } from './commands/eval-classify.ts';
import { evalAnswer } from './commands/eval-answer.ts';
import { evalDetect } from './commands/eval-detect.ts';
import { evalSegment } from './commands/eval-segment.ts';
import { evalMerge } from './commands/eval-merge.ts';
import { cocoEval } from './commands/eval.ts';
import { evalSuite } from './commands/eval-suite.ts';
import { exportTriton } from './commands/export-triton.ts';
import { exportCodec } from './commands/export-codec.ts';
import { features } from './commands/features.ts';
import { list } from './commands/list.ts';
import { pull } from './commands/pull.ts';
import { retrieve } from './commands/retrieve.ts';
import { segment } from './commands/segment.ts';
import { serve } from './commands/serve.ts';
import { show } from './commands/show.ts';
import { status } from './commands/status.ts';
import { submits } from './commands/submit.ts';
import { tables } from './commands/tables.ts';
import { tokens } from './commands/tokens.ts';
import { trainDetect } from './commands/train-detect.ts';
import { trainProjector } from './commands/train-projector.ts';
import { trainSegment } from './commands/train-segment.ts';
import { trainTalker } from './commands/train-talker.ts';
import { work } from './commands/work.ts';

/** Every command, in the order of the help. A command is a file in `commands/` and a line here. */
export const commands: readonly (Command | PassThrough)[] = [
  classify,
  detect,
  segment,
  features,
  encode,
  ask,
  tokens,
  exportCodec,
  retrieve,
  trainDetect,
  trainSegment,
  trainProjector,
  trainTalker,
  serve,
  exportTriton,
  show,
  pull,
  list,
  doctor,
  cocoEval,
  evalClassify,
  evalDetect,
  evalSegment,
  evalSuite,
  evalAnswer,
  evalMerge,
  ...submits,
  work,
  status,
  tables,
];
