import type { Command } from 'commander'

/** What to do, and how. */
export type Example = readonly [what: string, line: string]

/** Of a delivery. */
export const exampleId = '01a1fb64-2753-7113-b05b-55fe2feb4157'

const examplesOf = new WeakMap<Command, readonly Example[]>()

/** Shows examples in the help of a command, and in the reference. */
export function withExamples(command: Command, ...examples: readonly Example[]): Command {
  examplesOf.set(command, examples)
  const lines = examples.map(([what, line]) => `  # ${what}\n  ${line}`)
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n\n')}`)
}

export const examples = (command: Command): readonly Example[] => examplesOf.get(command) ?? []

/** `envoyer deliveries list`. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/** A command, and all below it, in the order in which help lists them. */
export function* commandsOf(command: Command): Generator<Command> {
  yield command
  for (const each of command.commands) yield* commandsOf(each)
}

/** All commands that do something. */
export const leaves = (command: Command): Command[] =>
  [...commandsOf(command)].filter(({ commands }) => commands.length === 0)
