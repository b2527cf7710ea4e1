/** Every command that a page, a remedy or an example of help names is one that the command line takes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'
import { examples, leaves } from '../../src/cli/tree.ts'
import { errorTable } from '../../src/errors.ts'
import { commandLines, commandSpans } from './commands.ts'
import { pages, readPage } from './page.ts'

const program = createProgram()

/** What a shell would hand over, as far as the pages write it. */
const wordsOf = (line: string) =>
  [...line.matchAll(/"(?:\\.|[^"])*"|'[^']*'|[^\s|&;>)]+|[|&;>)]/g)].map(([word]) => word)

/** What is wrong with a command line; flags may follow anywhere. */
function problemOf(line: string): string | undefined {
  let command: Command = program
  for (const word of wordsOf(line).slice(1)) {
    // What follows is another program's.
    if (/^[|&;>)]$/.test(word)) break
    if (word.startsWith('--')) {
      const flag = word.split('=')[0]!
      const known = [...command.options, ...program.options].some(
        ({ long, short }) => flag === long || flag === short,
      )
      if (!known && flag !== '--help') return `${flag} of ${command.name()}`
      continue
    }
    const found = command.commands.find((each) => each.name() === word)
    if (found) command = found
    else if (command.commands.length > 0 && !/[<…[]/.test(word))
      return `${word} of ${command.name()}`
  }
  return undefined
}

const commandsIn = (page: string) => [...commandLines(page), ...commandSpans(page)]

test('every command that the pages name is there, with its flags', async () => {
  const wrong: string[] = []
  let seen = 0
  for (const path of await pages()) {
    for (const line of commandsIn(await readPage(path))) {
      seen += 1
      const problem = problemOf(line)
      if (problem) wrong.push(`${path}: ${line} (${problem})`)
    }
  }
  assert.deepEqual(wrong, [])
  assert.ok(seen > 40, `${seen} commands seen`)
})

test('so is every one in remedies and in the examples of help', () => {
  const remedies = Object.values(errorTable).flatMap(({ remedy }) => commandsIn(remedy))
  const helped = [...leaves(program)].flatMap((command) => examples(command))
  const lines = [...remedies, ...helped.map(([, line]) => line).filter((l) => /^envoyer/.test(l))]
  assert.deepEqual(
    lines.filter((line) => problemOf(line)),
    [],
  )
})

test('what is not there is noticed', () => {
  for (const line of [
    'envoyer nothing',
    'envoyer deliveries lst',
    'envoyer deliveries list --nothing',
    'envoyer status --json --days 3',
  ])
    assert.ok(problemOf(line), line)
})
