import { VitaminError } from '@vitamin-vlm/core';
import { Argument, type Command } from 'commander';
import type { Context } from './context.ts';
import { eitherOf, flag, fraction, list, repeated, whole } from './flags.ts';

/** Runs a command's work once its flags are read. The work returns the exit status. */
export type Run = (command: Command, work: (context: Context) => Promise<number>) => Promise<void>;

/** Flags of commands that load a model. */
export interface ModelFlags {
  readonly model?: string;
}

/** Flags of commands that ask with words. */
export interface WordFlags extends ModelFlags {
  readonly labels?: readonly string[];
  readonly labelsFile?: string;
  readonly templates?: string;
  readonly encoding?: string;
}

/** Flags of commands that slide windows over a picture. */
export interface WindowFlags extends ModelFlags {
  readonly size?: number;
  readonly window?: number;
  readonly stride?: number;
  readonly levels?: readonly string[];
}

/**
 * Declares every command. What a command does is imported when it runs: ONNX Runtime, sharp and the canvas take longer to load than a
 * mistyped flag should take to be told.
 */
export function addCommands(program: Command, run: Run): void {
  addClassify(program, run);
  addSegment(program, run);
  addFeatures(program, run);
  addEncode(program, run);
  addRetrieve(program, run);
  addModelCommands(program, run);
  program
    .command('doctor')
    .description('what this machine, this installation and the settings are')
    .action((_: object, command: Command) =>
      run(command, async (context) => (await import('./commands/doctor.ts')).doctor(context, command)),
    );
  program
    .command('eval')
    .description('detection, segmentation and panoptic metrics: the command coco-eval')
    .usage('GT.json DT.json [flags]');
  for (const command of program.commands) {
    command.showHelpAfterError(`Run vitamin ${command.name()} --help for its flags.`);
  }
}

function addClassify(program: Command, run: Run): void {
  const command = program.command('classify').description('what is in a picture: labels by probability').addArgument(images());
  addWordFlags(command)
    .addOption(flag('--top <n>', 'how many labels, best first (default: 5 as text, all as JSON)').argParser(whole(1)))
    .action((files: string[], flags: WordFlags & { top?: number }) => {
      const words = checkWords(command, flags, files);
      return run(command, async (context) => (await import('./commands/classify.ts')).classify(context, files, { ...flags, ...words }));
    });
}

function addSegment(program: Command, run: Run): void {
  const command = program.command('segment').description('what is where in a picture, without training for it').addArgument(images());
  addWordFlags(command).addOption(
    flag('--threshold <p>', 'pixels whose label is less probable stay unlabeled (default: 0)').argParser(fraction),
  );
  addWindowFlags(command).action((files: string[], flags: WordFlags & WindowFlags & { threshold?: number }) => {
    const words = checkWords(command, flags, files);
    return run(command, async (context) => (await import('./commands/segment.ts')).segment(context, files, { ...flags, ...words }));
  });
  command.addHelpText('after', '\n-o DIR gets for each picture NAME.labels.png, NAME.overlay.png and NAME.json, and summary.json.');
}

function addFeatures(program: Command, run: Run): void {
  const command = program
    .command('features')
    .description('feature maps of a picture from sliding windows')
    .argument('<image>', 'an image file');
  addWindowFlags(addModelFlag(command))
    .addOption(levels('maps to write (default: os4,os8,mid,final; one for .npy: final)'))
    .action((file: string, flags: WindowFlags) => {
      needOutput(command, 'FILE.npy or FILE.safetensors');
      return run(command, async (context) => (await import('./commands/features.ts')).features(context, file, flags));
    });
  command.addHelpText('after', '\nLevels: stem, os4, os8, mid, preLast, final, and dense (the map that segment asks).');
}

function addEncode(program: Command, run: Run): void {
  const command = program
    .command('encode')
    .description('run a picture through the image tower once, to ask it later with --encoding')
    .argument('<image>', 'an image file');
  addWindowFlags(addModelFlag(command))
    .addOption(levels('intermediate maps to keep as well (default: none)'))
    .action((file: string, flags: WindowFlags) => {
      needOutput(command, 'FILE.safetensors');
      return run(command, async (context) => (await import('./commands/encode.ts')).encode(context, file, flags));
    });
}

function addRetrieve(program: Command, run: Run): void {
  const command = program
    .command('retrieve')
    .description('find pictures by words, or measure how well pictures and captions find each other')
    .argument('<image...>', 'image files, or folders of them');
  addModelFlag(command)
    .addOption(flag('--query <text>', 'rank the pictures by this text; may be given several times').argParser(repeated))
    .addOption(flag('--captions <file>', 'report R@1, R@5 and R@10 of both directions'))
    .addOption(flag('--top <n>', 'how many pictures, best first (default: 5 as text, all as JSON)').argParser(whole(1)))
    .action((files: string[], flags: ModelFlags & { query?: string[]; captions?: string; top?: number }) => {
      const mode = eitherOf(command, 'query', 'captions');
      if (mode === undefined) throw new VitaminError('USAGE', 'Expected --query TEXT or --captions FILE but received neither');
      return run(command, async (context) => {
        if (mode === 'query') return (await import('./commands/retrieve.ts')).retrieve(context, files, { ...flags, query: flags.query! });
        return (await import('./commands/recall.ts')).recall(context, files, { ...flags, captions: flags.captions! });
      });
    });
  command.addHelpText(
    'after',
    `
A captions file is COCO's (images, annotations with image_id and caption), or JSON of the form
{"street.jpg": "a red bus", "park.jpg": ["a dog", "a dog on grass"]}. Its file names start at the
one folder that is given.`,
  );
}

function addModelCommands(program: Command, run: Run): void {
  const show = program
    .command('show')
    .description('what a model or weight file holds: tensors, sizes, variant, license')
    .argument('<model>', 'a weight file, a folder or a model')
    .action((address: string) => run(show, async (context) => (await import('./commands/show.ts')).show(context, address)));
  const pull = program
    .command('pull')
    .description('download the weights of models into the cache shared with Python')
    .argument('<model...>', 'names or hf: addresses')
    .action((addresses: string[]) => run(pull, async (context) => (await import('./commands/pull.ts')).pull(context, addresses)));
  const listing = program
    .command('list')
    .description('the models that are known and those that lie in the cache')
    .action(() => run(listing, async (context) => (await import('./commands/list.ts')).list(context)));
}

const images = (): Argument => new Argument('[image...]', 'image files, or folders of them');

function levels(description: string): ReturnType<typeof flag> {
  return flag('--levels <names>', description).argParser(list);
}

function addModelFlag(command: Command): Command {
  return command.addOption(flag('-m, --model <model>', 'name, file, folder or hf: address (default: nano, which is embedded)'));
}

function addWordFlags(command: Command): Command {
  return addModelFlag(command)
    .addOption(flag('-l, --labels <a,b,c>', 'words to ask; a|b are two names of one label').argParser(list))
    .addOption(flag('--labels-file <file>', 'a label a line, synonyms between commas'))
    .addOption(flag('--templates <name>', 'prompts: simple, imagenet7, imagenet80, fcclip, fvit, or "a sketch of a {}."'))
    .addOption(flag('--encoding <file>', 'what vitamin encode wrote, instead of running the image tower'));
}

function addWindowFlags(command: Command): Command {
  return command
    .addOption(flag('--size <px>', 'scale the shortest edge to this length (default: the window)').argParser(whole(1)))
    .addOption(flag('--window <px>', "side of a window (default: the model's image size)").argParser(whole(1)))
    .addOption(flag('--stride <px>', 'from window to window (default: half a window)').argParser(whole(1)));
}

/** Exactly one source of words, and pictures to ask or the encoding of one. */
function checkWords(command: Command, flags: WordFlags, files: readonly string[]): Pick<WordFlags, 'labels' | 'labelsFile'> {
  const hint = `Run vitamin ${command.name()} --help for its flags.`;
  if (files.length === 0 && flags.encoding === undefined) throw new VitaminError('USAGE', 'Expected an image but received none', { hint });
  if (files.length > 1 && flags.encoding !== undefined) {
    throw new VitaminError('USAGE', `Expected at most one image beside --encoding but received ${files.length}`, { hint });
  }
  const source = eitherOf(command, 'labels', 'labelsFile');
  if (source === 'labels') return { labels: flags.labels!, labelsFile: undefined! };
  if (source === 'labelsFile') return { labels: undefined!, labelsFile: flags.labelsFile! };
  throw new VitaminError('USAGE', 'Expected --labels a,b,c or --labels-file FILE but received neither', { hint });
}

function needOutput(command: Command, what: string): void {
  if (command.optsWithGlobals<{ output?: string }>().output !== undefined) return;
  throw new VitaminError('USAGE', `Expected -o ${what} but received none`, {
    hint: `Run vitamin ${command.name()} --help for its flags.`,
  });
}
