import { loadBridge } from '../bridge.ts';
import { bridgeFlags, promptFlags } from '../bridge-flags.ts';
import { type Command, command } from '../command.ts';
import { questionFlags } from '../evaluation/question-flags.ts';
import { runFlags } from '../evaluation/run-flags.ts';

/** Asks a language model the questions of a benchmark, resumably, or scores the answers of another one. */
export const evalAnswer: Command = command({
  name: 'eval answer',
  summary: 'ask a language model the questions of a benchmark of LLaVA, and score its answers',
  flags: {
    ...questionFlags,
    ...bridgeFlags,
    ...promptFlags,
    maxTokens: { kind: 'whole', least: 1, value: 'n', help: "length of an answer at most (default: 128 or 1024, as LLaVA's scripts)" },
    ...runFlags,
  },
  needs: [['benchmark', 'root']],
  writes: 'folder',
  notes: `-o DIR gets answers.jsonl, metrics.json and the official files: what a server takes, what a
judge is asked. What is not scored here is said. Answers are the likeliest words (temperature 0).
Started again it goes on where it stopped; vitamin eval merge joins shards.`,
  async run(context) {
    const [{ evaluationFolder, runEvaluation, writeScores }, { answerEvaluation, findQuestions }] = await Promise.all([
      import('../evaluation/run-evaluation.ts'),
      import('../evaluation/evaluate-answers.ts'),
    ]);
    const { answers, limit } = context.flags;
    const folder = await evaluationFolder(context, answers === undefined ? ['answers.jsonl', 'metrics.json'] : ['metrics.json']);
    const { benchmark, places } = findQuestions(context);
    if (answers !== undefined) {
      const { scoreAnswerFile } = await import('../evaluation/score-answers.ts');
      return await writeScores(context, folder, 'answer', await scoreAnswerFile(folder, { benchmark, places, limit }, answers));
    }
    await using bridge = await loadBridge(context, 'answers', context.flags);
    const plain = { ...context, flags: { ...context.flags, report: false } };
    return await runEvaluation(plain, folder, await answerEvaluation(context, bridge, benchmark, places));
  },
});
