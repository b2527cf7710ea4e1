import type { Argument, Command, Option } from 'commander'
import { createProgram } from '../../src/cli/program.ts'
import { examples, leaves, pathOf } from '../../src/cli/tree.ts'
import { code, page, table } from './markdown.ts'

/** Every command with what it takes, from the tree by which the command line is read. */
export function commandsPage(): string {
  const program = createProgram()
  return page(
    'Commands',
    'What `envoyer` can do. How it is used: [the command line](../guides/command-line.md). Flags only override what the configuration says; where one is not given, the default is that of the function which the command calls, in [configuration](configuration.md).',
    '## Everywhere',
    table(['flag', 'meaning'], program.options.map(optionRow)),
    'Exit codes: 0 done; 1 failed, or over a limit; 2 wrong usage.',
    ...[...leaves(program)].flatMap(section),
  )
}

function section(command: Command): string[] {
  const taken = [...command.registeredArguments.map(argumentRow), ...command.options.map(optionRow)]
  const lines = examples(command).flatMap(([what, line]) => [`# ${what}`, line])
  return [
    `## ${pathOf(command).replace('envoyer ', '')}`,
    command.description(),
    ...(taken.length > 0 ? [table(['argument or flag', 'meaning'], taken)] : []),
    `\`\`\`sh\n${lines.join('\n')}\n\`\`\``,
  ]
}

const argumentRow = (argument: Argument) => [
  code(argument.required ? `<${shown(argument)}>` : `[${shown(argument)}]`),
  withChoices(argument.description, argument.argChoices),
]

const shown = (argument: Argument) => `${argument.name()}${argument.variadic ? '...' : ''}`

const optionRow = (option: Option) => [
  code(option.flags),
  `${withChoices(option.description, option.argChoices)}${option.mandatory ? ' (required)' : ''}`,
]

function withChoices(description: string, choices: readonly string[] | undefined): string {
  const all = choices && !choices.every((each) => description.includes(each))
  return all ? `${description}: ${choices.join(', ')}` : description
}
