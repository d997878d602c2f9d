import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  answerText,
  answerTo,
  benchmarks,
  fixedText,
  mmBenchLetter,
  normalizeAnswer,
  parseAnswers,
  popeAnswer,
  pythonJson,
  readTable,
  scoreReviews,
  vqaAccuracy,
  workbook,
} from '../src/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'benchmarks-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes files, `name: content`, and gives back the path of the first one. */
async function files(name: string, contents: Readonly<Record<string, string>>): Promise<string> {
  for (const [file, text] of Object.entries(contents)) {
    await mkdir(dirname(join(folder, name, file)), { recursive: true });
    await writeFile(join(folder, name, file), text);
  }
  return join(folder, name, Object.keys(contents)[0]!);
}

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const answer = (id: string | number, text: string, prompt = 'Is it?'): Answer => ({ question_id: id, prompt, text });
const people = (...answers: string[]) => answers.map((text) => ({ answer: text }));
const askMme = (n: number, text: string) => answer('count/a.png', text, `Is ${n}?\nAnswer the question using a single word or phrase.`);
const of = (...answers: Answer[]) => ({ answers, broken: 0 });

describe('numbers and texts as Python has them', () => {
  it('rounds to even where two decimals are equally near', () => {
    expect([0.125, 0.375, 2.675, 1 / 3, -0.125, 0.5].map((value) => fixedText(value, 2))).toEqual([
      '0.12',
      '0.38',
      '2.67',
      '0.33',
      '-0.12',
      '0.50',
    ]);
    expect(fixedText(1e22, 2)).toBe('10000000000000000000000.00');
    expect([0.5, 1.5, 2.5].map((value) => fixedText(value, 0))).toEqual(['0', '2', '2']);
  });

  it('escapes as json.dumps does, and keeps the order of a map', () => {
    expect(
      pythonJson(
        new Map([
          ['10', '\u007f'],
          ['9', '\u{1f600}'],
        ]),
      ),
    ).toBe(String.raw`{"10": "\u007f", "9": "\ud83d\ude00"}`);
  });

  it('reads tables as pandas does', () => {
    const { columns, rows } = readTable('index\tA\tB\n1\t"a ""b""\nc"\tNone\n2\tnan\t5" x\n', 't.tsv');
    expect(columns).toEqual(['index', 'A', 'B']);
    expect(rows).toEqual([
      [1, 'a "b"\nc', null],
      [2, null, '5" x'],
    ]);
    expect(() => readTable('a\tb\n1\n', 't.tsv')).toThrow(/table with tabs in t.tsv/u);
  });
});

describe('scores', () => {
  it('answers are normalized as EvalAI does', () => {
    const pairs = { 'The Two dogs.': '2 dogs', "it's": "it 's", '1,000': '1000', 'x/y': 'x y', dont: "don't", 'a.b 3.5': 'ab 3.5' };
    for (const [raw, normal] of Object.entries(pairs)) expect(normalizeAnswer(raw)).toBe(normal);
  });

  it('the VQA accuracy compares as it is where all people agree', () => {
    const same = { question_id: 1, answers: people('Two', 'Two', 'Two', 'Two') };
    const mixed = { question_id: 2, answers: people('two', '2', 'the two', 'three', 'four') };
    const found = vqaAccuracy(
      [same, mixed],
      new Map([
        [1, 'two'],
        [2, 'two'],
      ]),
    );
    expect(found.perQuestion.get(1)).toBe(0);
    expect(found.perQuestion.get(2)).toBe(80);
    expect(found.overall).toBe(40);
  });

  it('POPE hears a no in the first sentence alone', () => {
    expect(['No', 'Yes. No', 'There is not, one', 'NO', 'nothing', ''].map(popeAnswer)).toEqual(['no', 'yes', 'no', 'yes', 'yes', 'yes']);
  });

  it('MMBench takes a letter, a text or nothing', () => {
    const choices = new Map([
      ['A', 'a red cup'],
      ['B', 'Blue'],
    ]);
    const found = ['(B)', 'A.', 'A and B', 'it is blue', 'c', 'The answer is **B**, because A is not'].map((text) =>
      mmBenchLetter(text, choices),
    );
    expect(found).toEqual(['B', 'A', undefined, 'B', undefined, 'B']);
  });

  it('an unreadable review enters the mean', () => {
    const reviews = ['8 6\nfine', '10,8', 'nine to one'].map((content) => ({ category: 'conv', content }));
    expect(scoreReviews(reviews)).toEqual([
      ['all', 76.5, 56.7, 43.3],
      ['conv', 76.5, 56.7, 43.3],
    ]);
  });
});

describe('answer files', () => {
  it('are those of the scripts, byte for byte', () => {
    const question = { id: 7, prompt: 'What?\nShort.', asked: 'What?\nShort.', image: 'a.jpg' };
    const text = answerText([answerTo(question, ' café\n', 'nano', 0)]);
    expect(text).toBe(
      String.raw`{"question_id": 7, "prompt": "What?\nShort.", "text": "caf\u00e9", "answer_id": "id00001", "model_id": "nano", "metadata": {}}` +
        '\n',
    );
    expect(parseAnswers(text, 'a').answers[0]).toMatchObject({ question_id: 7, text: 'café' });
  });

  it('name the line and the member that is wrong', () => {
    expect(() => parseAnswers('{"question_id": 1, "text": "a"}\n{"question_id": 2}\n', 'a.jsonl')).toThrow(/"text" in line 2 of a.jsonl/u);
    expect(() => parseAnswers('[1]\n', 'a.jsonl')).toThrow(/JSON object in line 1/u);
    expect(parseAnswers('{"question_id": 1, "text": "a"}\nbroken\n', 'a.jsonl', true)).toMatchObject({
      broken: 1,
      answers: [{ text: 'a' }],
    });
  });
});

describe('reports', () => {
  it('POPE: labels beside the questions', async () => {
    const questions = await files('pope', {
      'q.jsonl': lines([1, 2].map((id) => ({ question_id: id, image: 'a.jpg', text: 'Is it?', category: 'random' }))),
      'coco/coco_pope_random.json': lines([{ label: 'yes' }, { label: 'no' }]),
    });
    const { metrics, text } = await benchmarks.pope.report({ questions }, of(answer(1, 'Yes'), answer(2, 'Yes')));
    expect(metrics).toMatchObject({ f1: 2 / 3, accuracy: 0.5, 'yes ratio random': 1 });
    expect(text).toContain('TP\tFP\tTN\tFN\t\n1\t1\t0\t0\n');
  });

  it('without the truth nothing is scored, and the report says so', async () => {
    const questions = await files('gqa', { 'q.jsonl': lines([{ question_id: '1', image: 'a.jpg', text: 'Is it?' }]) });
    const report = await benchmarks.gqa.report({ questions }, of(answer('1', 'Yes..')));
    expect(report.metrics).toEqual({});
    expect(report.open).toMatch(/testdev_balanced_questions.json is not beside the questions; name it with --annotations/u);
    expect(report.files.get('testdev_balanced_predictions.json')).toBe('[{"questionId": "1", "prediction": "yes"}]');
    await expect(benchmarks.gqa.report({ questions, truth: join(folder, 'none') }, of())).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
    });
  });

  it('MME: two questions a picture, and a question that is not MME’s own', async () => {
    const rows = [1, 2].map((n) => `Is ${n}?  Please answer yes or no.\tYes\n`).join('');
    const questions = await files('mme', { 'q.jsonl': '', 'MME_Benchmark_release_version/count/a.txt': rows });
    const { metrics, files: made } = await benchmarks.mme.report({ questions }, of(askMme(1, 'yes'), askMme(2, 'maybe\tnot')));
    expect(metrics).toMatchObject({ perception: 50, count: 50, cognition: 0 });
    expect(made.get('converted/count.txt')).toContain('a.txt\tIs 2?  Please answer yes or no.\tYes\tmaybe not\n');
    await expect(benchmarks.mme.report({ questions }, of(askMme(3, 'yes')))).rejects.toThrow(/1 that are not, first count\/a.txt: Is 3\?/u);
  });

  it('MMBench: circular groups, and a workbook that is the same bytes each time', async () => {
    const table = [
      'index\tquestion\thint\tA\tB\tanswer\tcategory\timage',
      '1\tWhich?\tnan\tred\tblue\tA\tx\taGk=',
      '1000001\tWhich?\tnan\tblue\tred\tB\tx\taGk=',
    ].join('\n');
    const path = await files('mmbench', { 'mmbench.tsv': table });
    const questions = await benchmarks.mmbench.questions(path);
    expect(questions[0]).toMatchObject({
      id: 1,
      prompt: 'Which?\nA. red\nB. blue',
      fields: { options: ['red', 'blue'], option_char: ['A', 'B'] },
    });
    expect(questions[0]!.asked).toBe("Which?\nA. red\nB. blue\nAnswer with the option's letter from the given choices directly.");
    expect(Buffer.from(questions[0]!.image as Uint8Array).toString()).toBe('hi');
    const both = await benchmarks.mmbench.report({ questions: path }, of(answer(1, 'A'), answer(1_000_001, '=B')));
    expect(both.metrics).toMatchObject({ accuracy: 0, 'accuracy x': 0 });
    expect((await benchmarks.mmbench.report({ questions: path }, of(answer(1, 'A'), answer(1_000_001, 'B')))).metrics['accuracy']).toBe(1);
    const xml = strFromU8(unzipSync(both.files.get('upload.xlsx') as Uint8Array)['xl/worksheets/sheet1.xml']!);
    expect(xml).toContain('<c r="F3" t="inlineStr"><is><t xml:space="preserve">=B</t></is></c>');
    expect(workbook({ columns: ['a'], rows: [['<\u0007&']] })).toEqual(workbook({ columns: ['a'], rows: [['<\u0007&']] }));
  });

  it('ScienceQA: what has no answer counts as wrong and as a question without a picture', async () => {
    const problem = { question: 'Q', choices: ['x', 'y'], answer: 1, hint: '', image: 'i.png', lecture: '', solution: '' };
    const questions = await files('sqa', {
      'q.json': JSON.stringify([{ id: '2', image: '2/i.png', conversations: [{ from: 'human', value: 'Q\n<image>' }] }]),
      'problems.json': JSON.stringify({ 1: problem, 2: problem }),
      'pid_splits.json': JSON.stringify({ test: ['2', '1'] }),
    });
    const [question] = await benchmarks.sqa.questions(questions);
    expect(question).toMatchObject({ image: '2/i.png', asked: "Q\nAnswer with the option's letter from the given choices directly." });
    const { metrics, files: made } = await benchmarks.sqa.report({ questions }, of(answer('2', 'The answer is B!', question!.prompt)));
    expect(metrics).toEqual({ accuracy: 0.5, 'accuracy with picture': 1 });
    expect(made.get('result.json')).toContain('"results": {\n    "2": 1,\n    "1": -1\n  }');
  });

  it('what a judge or a server scores is written and named', async () => {
    const line = { question_id: 1, image: 'a.jpg', text: 'What?', category: 'conv' };
    const questions = await files('wild', {
      'questions.jsonl': lines([line]),
      'context.jsonl': lines([{ image: 'a.jpg', caption: ['One.', 'Two.'] }]),
    });
    await files('wild', { 'answers_gpt4.jsonl': lines([{ question_id: 1, text: 'ref', answer_id: 'g' }]) });
    await files('wild', { 'rule.json': JSON.stringify({ llava_bench_conv: { role: 'Assistant', prompt: 'Rate.' } }) });
    const wild = await benchmarks['llava-wild'].report({ questions }, of(answer(1, 'mine')));
    expect(wild.open).toMatch(/needs its judge/u);
    expect(wild.files.get('judge_requests.jsonl')).toContain(String.raw`[Context]\nOne.\nTwo.\n\n[Question]\nWhat?\n\n[Assistant 1]\nref`);
    const vet = await benchmarks.mmvet.report({ questions }, of(answer(1, 'é')));
    expect([vet.metrics, vet.files.get('results.json')]).toEqual([{}, '{\n  "v1_1": "\\u00e9"\n}']);
    const vizwiz = await benchmarks.vizwiz.report({ questions }, of());
    expect([vizwiz.files.size, vizwiz.open]).toEqual([0, expect.stringMatching(/1 questions have no answer/u)]);
    const vqa = await benchmarks.vqav2.report({ questions }, of());
    expect(vqa.files.get('upload.json')).toBe('[{"question_id": 1, "answer": ""}]');
  });
});
