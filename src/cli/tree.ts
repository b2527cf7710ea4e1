import type { Command } from 'commander'

/** What to do, and how. */
export type Example = readonly [what: string, line: string]

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

/** All commands that do something, in the order in which help lists them. */
export function* leaves(command: Command): Generator<Command> {
  if (command.commands.length === 0) yield command
  for (const each of command.commands) yield* leaves(each)
}
