import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { compile } from './compile.ts'

/**
 * In `cases/`, a mistake stands under `// @ts-expect-error: <part of what the compiler says>`.
 * That there is an error is checked wherever the files are compiled. Here it is also checked what
 * the error says, since it is all that a user gets to see.
 */
const folder = fileURLToPath(new URL('cases/', import.meta.url))
const files = readdirSync(folder).map((name) => folder + name)
const directive = '@ts-expect-error'
const renamed = '@mistake-follows'

const program = compile(files, (path, text) =>
  files.includes(path) ? text.replaceAll(directive, renamed) : text,
)

interface Mistake {
  readonly line: number
  readonly expected: string
}

function mistakesIn(source: ts.SourceFile): Mistake[] {
  return source.text.split('\n').flatMap((text, line) => {
    const [, expected] = text.split(`// ${renamed}: `)
    return expected === undefined ? [] : [{ line: line + 1, expected }]
  })
}

const without = (text: string, characters: RegExp) => text.replaceAll(characters, '')

for (const file of files) {
  describe(basename(file), () => {
    const source = program.getSourceFile(file)!
    const found = program.getSemanticDiagnostics(source).map((diagnostic) => ({
      line: source.getLineAndCharacterOfPosition(diagnostic.start!).line,
      text: ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'),
    }))
    const mistakes = mistakesIn(source)

    for (const { line, expected } of mistakes) {
      test(`line ${line + 1}: ${expected}`, () => {
        const texts = found.filter((each) => each.line === line).map((each) => each.text)
        assert.equal(texts.length, 1, `not one error but ${texts.length}: ${texts.join('; ')}`)
        // The compiler writes quotes inside of a text with backslashes.
        assert.ok(without(texts[0]!, /\\/g).includes(expected), texts[0])
      })
    }

    test('nothing else is an error', () => {
      const lines = new Set(mistakes.map(({ line }) => line))
      const others = found.filter(({ line }) => !lines.has(line))
      assert.deepEqual(others, [])
      assert.deepEqual(program.getSyntacticDiagnostics(source), [])
    })
  })
}
