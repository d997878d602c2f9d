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

/** After each beginning of commands of several words: the words that may follow. */
function nextWords(commands: Declared): ReadonlyMap<string, ReadonlySet<string>> {
  const next = new Map<string, Set<string>>();
  for (const { name } of commands) {
    const words = name.split(' ');
    for (let i = 1; i < words.length; i++) {
      const before = words.slice(0, i).join(' ');
      next.set(before, (next.get(before) ?? new Set()).add(words[i]!));
    }
  }
  return next;
}

function bashScript(commands: Declared): string {
  // Names of more words first: `eval` would take `eval detect` for its own.
  const cases = commands
    .toSorted((a, b) => b.name.split(' ').length - a.name.split(' ').length)
    .map((declared) => `    "${declared.name} "*) flags="${flagsOf(declared).join(' ')}" ;;`);
  const nexts = [...nextWords(commands)].map(([before, words]) => {
    return `    "${before.split(' ').length + 1}:${before} "*) nexts="${[...words].join(' ')}" ;;`;
  });
  const choices = [...new Map(commands.flatMap((declared) => ('pass' in declared ? [] : Object.entries(declared.flags))))].flatMap(
    ([name, flag]) =>
      flag.choices ? [`    ${longName(name)}) COMPREPLY=($(compgen -W "${flag.choices.join(' ')}" -- "$cur")); return ;;`] : [],
  );
  return `_vitamin() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" flags="" nexts="" line=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${firstWords(commands).join(' ')}" -- "$cur"))
    return
  fi
  case "$before" in
${choices.join('\n')}
  esac
  line="\${COMP_WORDS[1]} \${COMP_WORDS[2]} \${COMP_WORDS[3]} "
  case "$COMP_CWORD:$line" in
${nexts.join('\n')}
  esac
  if [ -n "$nexts" ]; then COMPREPLY=($(compgen -W "$nexts" -- "$cur")); fi
  case "$line" in
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
    const words = declared.name.split(' ');
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
    for (let i = 1; i < words.length; i++) {
      lines.push(`complete -c vitamin -n '${seen.slice(0, i).join('; and ')}' -a ${words[i]} -d ${text(declared.summary)}`);
    }
    const here = `'${seen.join('; and ')}'`;
    for (const [name, flag] of Object.entries<Flag>({ ...globalFlags, ...declared.flags })) {
      const choices = flag.choices ? ` -a ${text(flag.choices.join(' '))}` : '';
      const takes = flag.kind === 'switch' ? '' : ' -r';
      lines.push(`complete -c vitamin -n ${here} -l ${longName(name).slice(2)}${takes}${choices} -d ${text(flag.help)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
