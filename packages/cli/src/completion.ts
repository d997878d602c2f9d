import { VitaminError } from '@vitamin-vlm/core';
import type { Command, PassThrough } from './command.ts';
import { type Flag, longName } from './flag-table.ts';
import { globalFlags } from './flags.ts';

/** Shells that a script is written for, and where each reads it. */
const SHELLS = {
  bash: 'vitamin completion bash > ~/.local/share/bash-completion/completions/vitamin',
  zsh: "echo 'source <(vitamin completion zsh)' >> ~/.zshrc",
  fish: 'vitamin completion fish > ~/.config/fish/completions/vitamin.fish',
} as const;

type Declared = readonly (Command | PassThrough)[];

/**
 * A script that completes commands, flags and the choices of flags; file names where neither fits.
 *
 * @throws VitaminError `USAGE` for a shell that it does not know.
 */
export function completionScript(shell: string | undefined, commands: Declared): string {
  if (shell === 'bash') return bashScript(commands);
  if (shell === 'zsh') return `autoload -U +X compinit bashcompinit && compinit && bashcompinit\n${bashScript(commands)}`;
  if (shell === 'fish') return fishScript(commands);
  throw new VitaminError('USAGE', `Expected vitamin completion ${Object.keys(SHELLS).join(', ')} but received ${shell ?? 'none'}`, {
    hint: Object.values(SHELLS).join('\n'),
  });
}

function flagsOf(declared: Command | PassThrough): string[] {
  return 'pass' in declared ? [] : Object.keys({ ...globalFlags, ...declared.flags }).map(longName);
}

function firstWords(commands: Declared): string[] {
  return [...new Set(commands.map(({ name }) => name.split(' ')[0]!)), 'help', 'version', 'completion'];
}

function bashScript(commands: Declared): string {
  // Names of two words first: `eval` would take `eval detect` for its own.
  const cases = commands
    .toSorted((a, b) => Number(b.name.includes(' ')) - Number(a.name.includes(' ')))
    .map((declared) => {
      const pattern = declared.name.includes(' ') ? `"${declared.name}"` : `"${declared.name} "*`;
      return `    ${pattern}) flags="${flagsOf(declared).join(' ')}" ;;`;
    });
  const pairs = commands.filter(({ name }) => name.includes(' ')).map(({ name }) => name.split(' ') as [string, string]);
  const seconds = [...new Set(pairs.map(([first]) => first))].map(
    (first) =>
      `    ${first}) seconds="${pairs
        .filter(([word]) => word === first)
        .map(([, second]) => second)
        .join(' ')}" ;;`,
  );
  const choices = [...new Map(commands.flatMap((declared) => ('pass' in declared ? [] : Object.entries(declared.flags))))].flatMap(
    ([name, flag]) =>
      flag.choices ? [`    ${longName(name)}) COMPREPLY=($(compgen -W "${flag.choices.join(' ')}" -- "$cur")); return ;;`] : [],
  );
  return `_vitamin() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" flags="" seconds=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${firstWords(commands).join(' ')}" -- "$cur"))
    return
  fi
  case "$before" in
${choices.join('\n')}
  esac
  case "\${COMP_WORDS[1]}" in
${seconds.join('\n')}
  esac
  if [ "$COMP_CWORD" -eq 2 ] && [ -n "$seconds" ]; then COMPREPLY=($(compgen -W "$seconds" -- "$cur")); fi
  case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${cases.join('\n')}
  esac
  case "$cur" in -*) COMPREPLY=($(compgen -W "$flags" -- "$cur")) ;; esac
}
complete -o default -F _vitamin vitamin vitamin-vlm
`;
}

/** In the quotes of fish. */
function text(words: string): string {
  return `'${words.replaceAll(/['\\]/gu, String.raw`\$&`)}'`;
}

function fishScript(commands: Declared): string {
  const lines = firstWords(commands).map((word) => {
    const summary = commands.find(({ name }) => name === word)?.summary ?? '';
    return `complete -c vitamin -n __fish_use_subcommand -a ${word} -d ${text(summary)}`;
  });
  for (const declared of commands) {
    if ('pass' in declared) continue;
    const [first, second] = declared.name.split(' ');
    const seen = `__fish_seen_subcommand_from ${first}`;
    if (second) lines.push(`complete -c vitamin -n '${seen}' -a ${second} -d ${text(declared.summary)}`);
    const here = second ? `'${seen}; and __fish_seen_subcommand_from ${second}'` : `'${seen}'`;
    for (const [name, flag] of Object.entries<Flag>({ ...globalFlags, ...declared.flags })) {
      const choices = flag.choices ? ` -a ${text(flag.choices.join(' '))}` : '';
      const takes = flag.kind === 'switch' ? '' : ' -r';
      lines.push(`complete -c vitamin -n ${here} -l ${longName(name).slice(2)}${takes}${choices} -d ${text(flag.help)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
