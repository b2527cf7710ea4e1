import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { defaultBudgets } from '../../src/database/embedded/compile.ts'

test('what V8 is set back to is the default of the Node.js that runs this', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--v8-options'])
  const [, budget] = /default: --wasm-tiering-budget=(\d+)/.exec(stdout) ?? []
  assert.ok(budget, 'V8 has no such option any more')
  assert.equal(defaultBudgets[process.versions.v8.split('.')[0]!], Number(budget))
})
