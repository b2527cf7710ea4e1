import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import { projectFolder, runCommand } from '../support/command.ts'

let folder: string
let script: string
before(async () => {
  folder = await projectFolder()
  script = (await runCommand(['completion', 'bash'], { folder })).stdout
  // What the script asks for names; that it can answer is the last test.
  await mkdir(join(folder, 'bin'))
  await writeFile(join(folder, 'bin/envoyer'), '#!/bin/sh\necho "asked-for-$2"\n')
  await chmod(join(folder, 'bin/envoyer'), 0o755)
})

/** What bash offers for the last word of a line. */
async function offered(line: string): Promise<string[]> {
  const words = line.split(' ')
  const program = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_envoyer; printf '%s\\n' "\${COMPREPLY[@]}"`
  const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}` }
  // Where its input is a socket, as from Node.js, it would read somebody's own settings first.
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', program], { env })
  return stdout.split('\n').filter((each) => each !== '')
}

test('bash completes commands, flags, and what flags take', async () => {
  assert.deepEqual(await offered('envoyer del'), ['deliveries'])
  assert.deepEqual(await offered('envoyer deliveries re'), ['retry', 'resend', 'reschedule'])
  assert.deepEqual(await offered('envoyer deliveries list --s'), [
    '--status',
    '--since',
    '--scheduled',
  ])
  assert.deepEqual(await offered('envoyer deliveries list --status se'), ['sending', 'sent'])
  assert.deepEqual(await offered('envoyer deliveries list --json --j'), ['--json'])
  assert.deepEqual(await offered('envoyer completion z'), ['zsh'])
})

test('bash completes names of events and channels', async () => {
  assert.deepEqual(await offered('envoyer deliveries list --event '), ['asked-for-events'])
  assert.deepEqual(await offered('envoyer worker --channels a'), ['asked-for-channels'])
  assert.deepEqual(await offered('envoyer channels on ask'), ['asked-for-channels'])
  assert.deepEqual(await offered('envoyer templates preview a'), ['asked-for-events'])
  const second = 'envoyer templates preview --locale de welcome a'
  assert.deepEqual(await offered(second), ['asked-for-channels'])
  assert.deepEqual(await offered('envoyer templates preview welcome email a'), [])
})

test('every command of the tree is in the script of zsh too', async () => {
  const { stdout } = await runCommand(['completion', 'zsh'], { folder })
  assert.match(stdout, /compdef _envoyer envoyer/)
  assert.match(stdout, /'deliveries list'\) printf .*--scheduled/)
})

test('names come from the configuration', async () => {
  const text =
    'export default { channels: {}, events: {}, send() {}, deliveries: {}, names: { events: ["a", "b"] }, close() {} }'
  await writeFile(join(folder, 'envoyer.config.mjs'), text)
  const { stdout } = await runCommand(['completion', 'events'], { folder })
  assert.equal(stdout, 'a\nb\n')
})
