import type { Template } from './template.ts';

const polite = (who: string): string =>
  `A chat between a curious ${who} and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the ${who}'s questions.`;

const VISION =
  'You are able to understand the visual content that the user provides, and assist the user with a variety of tasks using natural language.';
const MMTAG = `A chat between a curious user and an artificial intelligence assistant. ${VISION.replace('You are', 'The assistant is')}The visual content will be provided with the following format: <Image>visual content</Image>.`;

const LLAMA_2_SYSTEM =
  'You are a helpful, respectful and honest assistant. Always answer as helpfully as possible, while being safe.  Your answers should not include any harmful, unethical, racist, sexist, toxic, dangerous, or illegal content. Please ensure that your responses are socially unbiased and positive in nature.\n\n' +
  "If a question does not make any sense, or is not factually coherent, explain why instead of answering something not correct. If you don't know the answer to a question, please don't share false information.";

/** The turn that Vicuna v0 shows before the conversation. */
const V0_EXAMPLES = [
  'What are the key differences between renewable and non-renewable energy sources?',
  'Renewable energy sources are those that can be replenished naturally in a relatively short amount of time, such as solar, wind, hydro, geothermal, and biomass. ' +
    'Non-renewable energy sources, on the other hand, are finite and will eventually be depleted, such as coal, oil, and natural gas. ' +
    'Here are some key differences between renewable and non-renewable energy sources:\n' +
    '1. Availability: Renewable energy sources are virtually inexhaustible, while non-renewable energy sources are finite and will eventually run out.\n' +
    '2. Environmental impact: Renewable energy sources have a much lower environmental impact than non-renewable sources, which can lead to air and water pollution, greenhouse gas emissions, and other negative effects.\n' +
    '3. Cost: Renewable energy sources can be more expensive to initially set up, but they typically have lower operational costs than non-renewable sources.\n' +
    '4. Reliability: Renewable energy sources are often more reliable and can be used in more remote locations than non-renewable sources.\n' +
    '5. Flexibility: Renewable energy sources are often more flexible and can be adapted to different situations and needs, while non-renewable sources are more rigid and inflexible.\n' +
    '6. Sustainability: Renewable energy sources are more sustainable over the long term, while non-renewable sources are not, and their depletion can lead to economic and social instability.\n',
];

const vicuna = { roles: ['USER', 'ASSISTANT'], style: 'two', separators: [' ', '</s>'], examples: [] } as const;
const human = { roles: ['Human', 'Assistant'], style: 'single', separators: ['###', null], examples: [] } as const;
const llama2 = { roles: ['USER', 'ASSISTANT'], style: 'llama-2', separators: ['<s>', '</s>'], examples: [] } as const;
const llama3 = {
  roles: ['user', 'assistant'],
  style: 'llama-3',
  separators: ['<|eot_id|>', null],
  version: 'llama_v3',
  examples: [],
} as const;
const chatml = {
  roles: ['<|im_start|>user\n', '<|im_start|>assistant\n'],
  style: 'mpt',
  separators: ['<|im_end|>', null],
  examples: [],
} as const;

const v0: Template = { ...human, system: polite('human'), version: 'Unknown', examples: V0_EXAMPLES };
const v1: Template = { ...vicuna, system: polite('user'), version: 'v1' };
const plain: Template = { system: '', roles: ['', ''], style: 'plain', separators: ['\n', null], version: 'Unknown', examples: [] };
const direct: Template = { ...chatml, system: '<|im_start|>system\nAnswer the questions.', version: 'mpt' };

/** The conversation templates of LLaVA and LLaVA-NeXT (conversation.py, Apache-2.0) by their names there, and Llama 3's own (`llama_3`). `vicuna_v1` is what LLaVA-1.5 was trained and measured with. */
export const templates: Readonly<Record<string, Template>> = {
  default: v0,
  v0,
  v1,
  vicuna_v1: v1,
  llama_2: { ...llama2, system: LLAMA_2_SYSTEM, version: 'llama_v2' },
  llama_3: { ...llama3, system: '' },
  llava_llama_3: { ...llama3, system: `You are a helpful language and vision assistant. ${VISION}` },
  mistral_instruct: { ...llama2, system: '', separators: ['', '</s>'], version: 'llama_v2' },
  chatml_direct: direct,
  mistral_direct: direct,
  plain,
  v0_plain: plain,
  llava_v0: { ...human, system: polite('human'), version: 'Unknown' },
  v0_mmtag: { ...human, system: MMTAG, version: 'v0_mmtag' },
  llava_v1: { ...vicuna, system: polite('human'), version: 'v1' },
  v1_mmtag: { ...vicuna, system: MMTAG, version: 'v1_mmtag' },
  llava_llama_2: { ...llama2, system: `You are a helpful language and vision assistant. ${VISION}`, version: 'llama_v2' },
  mpt: {
    ...chatml,
    system:
      '<|im_start|>system\nA conversation between a user and an LLM-based AI assistant. The assistant gives helpful and honest answers.',
    version: 'mpt',
  },
};
