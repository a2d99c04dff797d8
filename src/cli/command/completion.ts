import { isGroup, wordWithin } from './flag.ts'
import type { Command, CommandEntry, CommandGroup, Flag } from './flag.ts'

export type Shell = 'bash' | 'zsh' | 'fish'

/** A script that completes commands, flags, the values of flags that have a fixed set, and files. */
export function completion(shell: Shell, entries: readonly CommandEntry[]): string {
  return { bash, zsh, fish }[shell](entries)
}

function commandsOf(entries: readonly CommandEntry[]): readonly Command[] {
  return entries.flatMap(entry => (isGroup(entry) ? entry.commands : [entry]))
}

function wordsWithin(group: CommandGroup): string {
  return group.commands.map(command => wordWithin(group, command)).join(' ')
}

/** `text|json` of a placeholder: words in lower case are values, others stand for something. */
function valuesOf({ placeholder = '', choices }: Flag<unknown>): readonly string[] {
  if (choices !== undefined) return choices
  return placeholder.includes('|') ? placeholder.split('|').filter(word => /^[a-z0-9]+$/.test(word)) : []
}

function wordsOf(flag: Flag<unknown>): readonly string[] {
  return [`--${flag.name}`, ...(flag.short === undefined ? [] : [`-${flag.short}`])]
}

function bash(entries: readonly CommandEntry[]): string {
  const commands = commandsOf(entries)
  const members = entries
    .filter(isGroup)
    .map(group => `    ${group.name}) members='${wordsWithin(group)}' ;;`)
  const cases = commands.map(command => {
    const words = [...command.flags.flatMap(wordsOf), '--help'].join(' ')
    return `    '${command.name}') flags='${words}' ;;`
  })
  const values = fixed(commands).map(
    ([places, list]) =>
      `    ${places.map(place => `'${place}'`).join('|')}) COMPREPLY=($(compgen -W '${list}' -- "$word")); return ;;`,
  )
  return `# bash completion of portcullis: source <(portcullis completion bash)
_portcullis() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} flags='' members=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${entries.map(({ name }) => name).join(' ')} --help --version' -- "$word"))
    return
  fi
  case $command in
${members.join('\n')}
  esac
  if [ -n "$members" ] && [ "$COMP_CWORD" -eq 2 ]; then
    COMPREPLY=($(compgen -W "$members --help" -- "$word"))
    return
  fi
  [ -z "$members" ] || command="$command \${COMP_WORDS[2]}"
  case "$command $before" in
${values.join('\n')}
  esac
  case $command in
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

/** Where a value is of a fixed set, as `check --output`, and that set; the same ones together. */
function fixed(
  commands: readonly Command[],
): readonly (readonly [places: readonly string[], values: string])[] {
  const places = commands.flatMap(({ name, flags }) =>
    flags.flatMap(flag =>
      wordsOf(flag).map(word => ({ place: `${name} ${word}`, values: valuesOf(flag).join(' ') })),
    ),
  )
  return [...Map.groupBy(places, ({ values }) => values)]
    .filter(([values]) => values !== '')
    .map(([values, those]) => [those.map(({ place }) => place), values])
}

function zsh(entries: readonly CommandEntry[]): string {
  const described = (list: readonly (readonly [word: string, summary: string])[]): string =>
    list.map(([word, summary]) => `    '${word}:${quoted(summary)}'`).join('\n')
  const groups = entries.filter(isGroup)
  const members = groups.map(
    group => `  local -a ${group.name}=(
${described(group.commands.map(command => [wordWithin(group, command), command.summary]))}
  )`,
  )
  const cases = commandsOf(entries).map(({ name, flags }) => {
    const specs = flags.flatMap(flag => wordsOf(flag).map(word => zshFlag(word, flag)))
    return `    '${name}') _arguments ${[...specs, "'*:file:_files'"].join(' ')} ;;`
  })
  return `#compdef portcullis
# zsh completion of portcullis: portcullis completion zsh > "\${fpath[1]}/_portcullis"
_portcullis() {
  local -a commands=(
${described(entries.map(({ name, summary }) => [name, summary]))}
  )
${members.join('\n')}
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case \${words[2]} in
    ${groups.map(({ name }) => name).join('|') || "''"})
      if (( CURRENT == 3 )); then
        _describe command \${words[2]}
        return
      fi
      words[2]="\${words[2]} \${words[3]}"
      words[3]=()
      (( CURRENT-- )) ;;
  esac
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

function fish(entries: readonly CommandEntry[]): string {
  const lines = entries.flatMap(entry => {
    const offered = `complete -c portcullis -n __fish_use_subcommand -a ${entry.name} -d '${quoted(entry.summary)}' -f`
    if (!isGroup(entry)) return [offered, ...fishFlags(entry, `__fish_seen_subcommand_from ${entry.name}`)]
    const within = `__fish_seen_subcommand_from ${entry.name}`
    const words = wordsWithin(entry)
    return [
      offered,
      ...entry.commands.flatMap(command => {
        const word = wordWithin(entry, command)
        return [
          `complete -c portcullis -n '${within}; and not __fish_seen_subcommand_from ${words}' -a ${word} -d '${quoted(command.summary)}' -f`,
          ...fishFlags(command, `${within}; and __fish_seen_subcommand_from ${word}`),
        ]
      }),
    ]
  })
  return `# fish completion of portcullis: portcullis completion fish > ~/.config/fish/completions/portcullis.fish\n${lines.join('\n')}\n`
}

function fishFlags({ flags }: Command, where: string): string[] {
  return flags.map(flag => {
    const short = flag.short === undefined ? '' : ` -s ${flag.short}`
    const values = valuesOf(flag)
    const value =
      flag.placeholder === undefined ? '' : values.length === 0 ? ' -r' : ` -x -a '${values.join(' ')}'`
    return `complete -c portcullis -n '${where}' -l ${flag.name}${short}${value} -d '${quoted(flag.help)}'`
  })
}

/** Within single quotes of all three shells. */
function quoted(text: string): string {
  return text.replaceAll("'", '’').replaceAll('\\', '')
}
