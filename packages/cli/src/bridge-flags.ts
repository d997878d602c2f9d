// The flags of commands that show pictures to a language model.

/** Of commands that show pictures to a language model. Defaults of most are what the language model's folder says. */
export const bridgeFlags = {
  model: {
    kind: 'text',
    value: 'model',
    short: 'm',
    default: 'nano',
    help: 'image tower: name, file, folder or hf: address; nano is embedded',
  },
  llm: {
    kind: 'text',
    value: 'folder|url',
    default: 'nano/talker',
    help: 'language model: a folder, hf: address, the address of a server, or FILE.gguf for llama.cpp',
  },
  projector: { kind: 'text', value: 'file', help: "from the tower's features to the language model (default: the one in its folder)" },
  readAs: { kind: 'text', value: 'folder', help: "folder whose config.json says how pictures are read (default: the language model's)" },
  rule: {
    kind: 'choice',
    choices: ['pad', 'square'],
    value: 'rule',
    help: 'how a picture becomes a square: filled up or cut (default: pad)',
  },
  layer: { kind: 'number', value: 'n', help: "which result of the tower's blocks, from the last: -1, -2 (default: -2, as in LLaVA)" },
} as const;

/** Of commands that put a question to a language model. */
export const promptFlags = {
  template: { kind: 'text', value: 'name', help: 'vicuna_v1, llava_v1, plain, llama_2 and others of LLaVA (default: vicuna_v1)' },
  system: { kind: 'text', value: 'text', help: "what stands before the conversation (default: the template's own)" },
} as const;

/** Of commands that run a language model here. */
export const decoderFlags = {
  precision: {
    kind: 'choice',
    choices: ['float32', 'int8'],
    default: 'float32',
    value: 'type',
    help: 'what the language model multiplies in; int8 takes a quarter of the memory and is a little coarser',
  },
  context: { kind: 'whole', least: 16, value: 'n', help: "tokens of prompt and answer at most (default: the model's, at most 4096)" },
} as const;

/** How a language model chooses its words. */
export const answerFlags = {
  maxTokens: { kind: 'whole', least: 1, value: 'n', default: 512, help: 'length of an answer at most' },
  temperature: { kind: 'number', value: 't', default: 0, help: '0: the likeliest word each time' },
  topP: { kind: 'fraction', value: 'p', help: 'of the likeliest words, as many as have this share together' },
  topK: { kind: 'whole', least: 1, value: 'n', help: 'so many of the likeliest words' },
  repetitionPenalty: { kind: 'number', value: 'f', help: 'makes words that were said less likely; 1 changes nothing' },
  seed: { kind: 'whole', value: 'n', default: 0, help: 'of what is drawn by chance' },
  stop: { kind: 'repeated', value: 'text', help: 'ends an answer; may be given several times' },
} as const;

/** Of commands that carry tokens through llama.cpp. */
export const codecFlags = {
  carry: {
    kind: 'choice',
    choices: ['features', 'tokens'],
    value: 'what',
    help: "what a picture for llama.cpp holds: the tower's features, or tokens behind the projector (default: features for mlp2x_gelu)",
  },
  range: {
    kind: 'number',
    value: 'n',
    help: 'such a picture holds numbers from -n to n; a power of two (default: 64 for features, 16 for tokens)',
  },
} as const;
