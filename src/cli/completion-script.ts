import type { Command, Option } from 'commander'
import { deliveryStatuses } from '../outbox/status.ts'
import { commandsOf, pathOf } from './tree.ts'

export const shells = ['bash', 'zsh'] as const
export type Shell = (typeof shells)[number]

/** Of what the configuration has names. */
export const namedKinds = ['events', 'channels'] as const

/**
 * A script that completes the commands and flags of the tree, and names of events and channels by
 * asking the command itself. What is offered is found by one function in plain `sh`; each shell
 * has its own few lines around it.
 */
export function completionScript(program: Command, shell: Shell): string {
  const head = `# Completion of \`envoyer\` for ${shell}. Made by \`envoyer completion ${shell}\`.`
  return [head, ...words(program), around[shell]].join('\n')
}

const around: Readonly<Record<Shell, string>> = {
  bash: `_envoyer() {
  local current="\${COMP_WORDS[COMP_CWORD]}"
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(_envoyer_words "\${COMP_WORDS[@]:1:COMP_CWORD-1}")" -- "$current"))
}
complete -o default -F _envoyer envoyer`,
  zsh: `_envoyer() {
  local -a candidates
  candidates=("\${(@f)$(_envoyer_words "\${(@)words[2,CURRENT-1]}")}")
  compadd -a candidates || _files
}
compdef _envoyer envoyer`,
}

/** Given the words before the one that is being typed, prints what that one can be, a line each. */
function words(program: Command): string[] {
  const commands = [...commandsOf(program)]
  const steps = commands
    .filter((command) => command.parent)
    .map(
      (command) =>
        `      '${within(command.parent!)} ${command.name()}') at='${within(command)}' ;;`,
    )
  const places = commands.map((command) => `    '${within(command)}') ${offer(command)} ;;`)
  const valued = new Set(commands.flatMap((command) => valuedFlags(command)))
  return [
    '_envoyer_words() {',
    "  local at='' last='' arguments=0 word",
    '  for word in "$@"; do',
    '    case "$last" in',
    `      ${[...valued].join('|')}) last=''; continue ;;`,
    '    esac',
    '    last="$word"',
    '    case "$at $word" in',
    ...steps,
    "      *' -'*) ;;",
    '      *) arguments=$((arguments + 1)) ;;',
    '    esac',
    '  done',
    '  case "$at $last" in',
    ...new Set(commands.flatMap((command) => valueLines(program, command))),
    '  esac',
    '  case "$at" in',
    ...places,
    '  esac',
    '}',
  ]
}

/** Its path without the name of the program. */
const within = (command: Command) => pathOf(command).split(' ').slice(1).join(' ')

function flagsOf(command: Command): string[] {
  const help = command.createHelp()
  help.showGlobalOptions = true
  return [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].flatMap(
    ({ long }) => (long ? [long] : []),
  )
}

function offer(command: Command): string {
  const fixed = [...command.commands.map((each) => each.name()), ...flagsOf(command)]
  const places = command.registeredArguments.flatMap((argument, place) => {
    const kind = kindOf(argument.name())
    const offered =
      kind === undefined ? argument.argChoices && print(argument.argChoices) : ask(kind)
    return offered ? [`${place}) ${offered} ;;`] : []
  })
  const named = places.length > 0 ? [`case "$arguments" in ${places.join(' ')} esac`] : []
  return [print(fixed), ...named].join('; ')
}

const takesValue = ({ required, optional }: Option) => required || optional

const valuedFlags = ({ options }: Command) =>
  options.filter(takesValue).flatMap(({ long }) => (long ? [long] : []))

/** What follows a flag that takes a value: names, one of a few, or nothing of ours. */
function valueLines(program: Command, command: Command): string[] {
  const options = command === program ? program.options : [...command.options, ...program.options]
  return options
    .filter(takesValue)
    .map((option) => `    '${within(command)} ${option.long}') ${values(option)}return ;;`)
}

function values(option: Option): string {
  const kind = kindOf(option.attributeName())
  if (kind !== undefined) return `${ask(kind)}; `
  const choices =
    option.attributeName() === 'status'
      ? (option.argChoices ?? deliveryStatuses)
      : option.argChoices
  return choices ? `${print(choices)}; ` : ''
}

function kindOf(name: string): (typeof namedKinds)[number] | undefined {
  return namedKinds.find((kind) => kind === name || kind === `${name}s`)
}

/** Quick or not at all: a configuration that cannot be loaded offers nothing. */
const ask = (kind: string) => `envoyer completion ${kind} 2>/dev/null`
const print = (all: readonly string[]) => `printf '%s\\n' ${all.join(' ')}`
