import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { projectFolder, runCommand } from '../support/command.ts'

test('init makes a project that runs at once, and overwrites nothing', async () => {
  const folder = await projectFolder()
  const manifest = { name: 'shop', type: 'commonjs', scripts: { test: 'true' } }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await writeFile(join(folder, '.gitignore'), 'mine\n')
  const { code, stdout } = await runCommand(['init'], { folder })
  assert.equal(code, 0)
  assert.match(stdout, /^made {2}envoyer\.config\.mjs$/m)
  assert.match(stdout, /^kept {2}\.gitignore/m)
  assert.match(stdout, /Next:\n {2}npm start\n/)
  assert.equal(await readFile(join(folder, '.gitignore'), 'utf8'), 'mine\n')
  const completed = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  assert.deepEqual(completed, { ...manifest, scripts: { test: 'true', start: 'node send.mjs' } })

  const ran = await promisify(execFile)('npm', ['start', '--silent'], { cwd: folder })
  assert.match(ran.stdout, /Welcome, Jane!\n\{ sent: 1, failed: 0, cancelled: 0 \}\n$/)

  const twice = await runCommand(['init'], { folder })
  assert.equal(twice.code, 0)
  assert.doesNotMatch(twice.stdout, /^made/m)
})

test('init leaves a configuration of another ending alone, and says so', async () => {
  const folder = await projectFolder()
  await writeFile(join(folder, 'envoyer.config.ts'), '')
  const { code, stderr } = await runCommand(['init', '.'], { folder })
  assert.equal(code, 2)
  assert.match(stderr, /^usage: .*envoyer\.config\.ts already: nothing was made/)
})
