/** What only a person at a terminal gets: questions, colours, tables as wide as the window, progress. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { before, describe, test } from 'node:test'
import { mainPath } from '../support/command.ts'
import { type CommandProject, commandProject } from '../support/command-project.ts'
import { postgres } from '../support/engines.ts'

let project: CommandProject

/** Runs a command on a terminal of so many columns, on which `typed` is typed. Gives what it shows. */
async function onTerminal(
  line: string,
  { columns = 200, typed = '', env = {} }: { columns?: number; typed?: string; env?: object } = {},
): Promise<{ shown: string; code: number }> {
  const command = `stty cols ${columns} -echo; '${process.execPath}' '${mainPath()}' ${line}`
  // Part of util-linux and of the BSDs, which differ in how it is called.
  const args =
    process.platform === 'linux'
      ? ['-qec', command, '/dev/null']
      : ['-qe', '/dev/null', 'sh', '-c', command]
  const { NODE_TEST_CONTEXT, NODE_OPTIONS, ENVOYER_DATABASE_URL, NO_COLOR, ...rest } = process.env
  const child = spawn('script', args, {
    cwd: project.folder,
    env: { ...rest, TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const read = text(child.stdout)
  child.stdin.write(typed)
  const [code] = (await ended) as [number]
  return { shown: (await read).replaceAll('\r\n', '\n'), code }
}

/** The codes of colours, and what begins the present line anew. */
const escapes = new RegExp(`${'\x1b'}\\[[\\d;]*[A-Za-z]`, 'g')
const redrawn = '\r\x1b[K'
const plain = (shown: string) => shown.replaceAll(escapes, '')
const isColored = (shown: string) => plain(shown) !== shown

describe('at a terminal', () => {
  before(async () => {
    project = await commandProject(postgres)
    await project.json(['migrate'])
    await project.json([
      ...['send', 'welcome', '--context', '{"name":"Jane"}'],
      ...['--to', 'a.person.with.a.rather.long.name@example.com'],
    ])
  })

  test('what changes much asks, and does nothing without a yes', async () => {
    for (const typed of ['n\n', '\n', 'no, wait\n']) {
      const { shown, code } = await onTerminal('deliveries cancel --pending', { typed })
      assert.match(shown, /1 delivery will be cancelled.* \[y\/N\]/)
      assert.match(shown, /Nothing was done\./)
      assert.equal(code, 0)
    }
    const [waits]: [{ status: string }] = await project.json(['deliveries', 'list'])
    assert.equal(waits.status, 'pending')
  })

  test('tables have colours, and lines no longer than the window; ids stay whole', async () => {
    const wide = await onTerminal('deliveries list')
    assert.ok(isColored(wide.shown))
    assert.match(wide.shown, /a\.person\.with\.a\.rather\.long\.name@example\.com/)
    const narrow = await onTerminal('deliveries list', { columns: 100 })
    const lines = plain(narrow.shown).trim().split('\n')
    assert.ok(
      lines.every((line) => line.length <= 100),
      narrow.shown,
    )
    assert.match(narrow.shown, /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/)
    assert.match(narrow.shown, /…/)
    const without = await onTerminal('deliveries list', { env: { NO_COLOR: '1' } })
    assert.ok(!isColored(without.shown))
  })

  test('a yes does it', async () => {
    const { shown, code } = await onTerminal('deliveries cancel --pending', { typed: 'y\n' })
    assert.match(shown, /\[y\/N\][\s\S]*[Cc]ancelled 1|1 delivery cancelled/)
    assert.equal(code, 0)
    const [over]: [{ status: string }] = await project.json(['deliveries', 'list'])
    assert.equal(over.status, 'cancelled')
  })

  test('long work shows how far it is, in one line that is gone in the end', async () => {
    const people = Array.from({ length: 20_000 }, (_, n) => ({ email: `p${n}@example.com` }))
    await writeFile(join(project.folder, 'people.json'), JSON.stringify(people))
    const { shown } = await onTerminal(
      `send welcome --to @people.json --context '{"name":"all"}' --at 2h`,
    )
    const lines = shown.split(redrawn)
    assert.match(lines[1]!, /^Written: [\d,]+$/)
    assert.match(lines.at(-1)!, /^20,000 deliveries written/)
    const piped = await project.run(
      ...['send', 'welcome', '--to', '@people.json', '--context', '{"name":"all"}', '--at', '2h'],
    )
    assert.equal(piped.stderr, '')
  })
})
