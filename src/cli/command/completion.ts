import type { Command, Flag } from './flag.ts'

export type Shell = 'bash' | 'zsh' | 'fish'

/** A script that completes commands, flags, the values of flags that have a fixed set, and files. */
export function completion(shell: Shell, commands: readonly Command[]): string {
  return { bash, zsh, fish }[shell](commands)
}

/** `text|json` of a placeholder: words in lower case are values, others stand for something. */
function valuesOf({ placeholder = '', choices }: Flag<unknown>): readonly string[] {
  if (choices !== undefined) return choices
  return placeholder.includes('|') ? placeholder.split('|').filter(word => /^[a-z0-9]+$/.test(word)) : []
}

function wordsOf(flag: Flag<unknown>): readonly string[] {
  return [`--${flag.name}`, ...(flag.short === undefined ? [] : [`-${flag.short}`])]
}

function bash(commands: readonly Command[]): string {
  const cases = commands.map(command => {
    const words = [...command.flags.flatMap(wordsOf), '--help'].join(' ')
    return `    ${command.name}) flags='${words}' ;;`
  })
  const values = fixed(commands).map(
    ([words, list]) =>
      `    ${words.join('|')}) COMPREPLY=($(compgen -W '${list.join(' ')}' -- "$word")); return ;;`,
  )
  return `# bash completion of portcullis: source <(portcullis completion bash)
_portcullis() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} flags=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} --help --version' -- "$word"))
    return
  fi
  case $before in
${values.join('\n')}
  esac
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _portcullis portcullis
`
}

/** Flags with a fixed set of values, each once for all commands. */
function fixed(
  commands: readonly Command[],
): readonly (readonly [words: readonly string[], values: readonly string[]])[] {
  const byName = new Map(commands.flatMap(({ flags }) => flags.map(flag => [flag.name, flag] as const)))
  return [...byName.values()].flatMap(flag => {
    const values = valuesOf(flag)
    return values.length === 0 ? [] : [[wordsOf(flag), values] as const]
  })
}

function zsh(commands: readonly Command[]): string {
  const described = commands.map(({ name, summary }) => `    '${name}:${quoted(summary)}'`)
  const cases = commands.map(({ name, flags }) => {
    const specs = flags.flatMap(flag => wordsOf(flag).map(word => zshFlag(word, flag)))
    return `    ${name}) _arguments ${[...specs, "'*:file:_files'"].join(' ')} ;;`
  })
  return `#compdef portcullis
# zsh completion of portcullis: portcullis completion zsh > "\${fpath[1]}/_portcullis"
_portcullis() {
  local -a commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=\${words[2]}
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _portcullis ]; then _portcullis "$@"; else compdef _portcullis portcullis; fi
`
}

function zshFlag(word: string, flag: Flag<unknown>): string {
  const help = quoted(flag.help).replaceAll(/[[\]:]/g, '\\\\$&')
  if (flag.placeholder === undefined) return `'${word}[${help}]'`
  const values = valuesOf(flag)
  const action = values.length === 0 ? '_files' : `(${values.join(' ')})`
  return `'${flag.many ? '*' : ''}${word}[${help}]:${flag.name}:${action}'`
}

function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap(({ name, summary, flags }) => [
    `complete -c portcullis -n __fish_use_subcommand -a ${name} -d '${quoted(summary)}' -f`,
    ...flags.map(flag => {
      const short = flag.short === undefined ? '' : ` -s ${flag.short}`
      const values = valuesOf(flag)
      const value =
        flag.placeholder === undefined ? '' : values.length === 0 ? ' -r' : ` -x -a '${values.join(' ')}'`
      return `complete -c portcullis -n '__fish_seen_subcommand_from ${name}' -l ${flag.name}${short}${value} -d '${quoted(flag.help)}'`
    }),
  ])
  return `# fish completion of portcullis: portcullis completion fish > ~/.config/fish/completions/portcullis.fish\n${lines.join('\n')}\n`
}

/** Within single quotes of all three shells. */
function quoted(text: string): string {
  return text.replaceAll("'", '’').replaceAll('\\', '')
}
