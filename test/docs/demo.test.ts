import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { typescript } from '../support/typescript.ts'
import { blocksOf, readPage } from './page.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Delays are others each time. */
function linesOf(output: string): string[] {
  return output
    .replace(/in \d+ ms/g, 'in … ms')
    .split('\n')
    .map((line) => line.trim().replace(/ {2,}|─{2,}/g, ' '))
}

test('the demo prints every line that the README shows', async (t) => {
  const shown = blocksOf(await readPage('README.md')).find(({ text }) => text.includes('[…]'))!
  const directory = await mkdtemp(join(tmpdir(), 'envoyer-readme-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const { stdout } = await promisify(execFile)(process.execPath, [...typescript, 'demo/main.ts'], {
    cwd: root,
    env: { ...process.env, DEMO_DIRECTORY: join(directory, 'database'), NO_COLOR: '1' },
  })
  const printed = new Set(linesOf(stdout))
  const invented = linesOf(shown.text).filter((line) => line !== '[…]' && !printed.has(line))
  assert.deepEqual(invented, [])
})
