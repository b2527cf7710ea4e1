import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { startCommand } from '../support/command.ts'
import { commandProject } from '../support/command-project.ts'
import { until } from '../support/database.ts'
import { embedded } from '../support/engines.ts'

async function startWorker(folder: string) {
  const child = startCommand(['worker', '--json'], { folder })
  const ended = once(child, 'close') as Promise<[code: number | null, signal: string | null]>
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
  assert.equal(JSON.parse(line).state, 'started')
  return { child, ended }
}

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`a worker beside the owner of the database goes on when that gets ${signal}`, async () => {
    const { folder, run, json } = await commandProject(embedded)
    const owner = await startWorker(folder)
    const beside = await startWorker(folder)
    try {
      owner.child.kill(signal)
      await owner.ended
      const to = ['--to', 'jane@example.com', '--context', '{"name":"Jane"}']
      const sent = await run('send', 'welcome', ...to, '--wait', '--timeout', '30s')
      assert.match(sent.stdout, /^1 sent, 0 failed/m, sent.stderr)
      assert.equal(beside.child.exitCode, null)
      const pids = async () =>
        ((await json(['status'])) as { workers: { pid: number }[] }).workers.map(({ pid }) => pid)
      await until(async () => (await pids()).includes(beside.child.pid!), 'a sign of it', 30_000)
      assert.equal((await pids()).filter((pid) => pid === beside.child.pid).length, 1)
      beside.child.kill('SIGINT')
      assert.deepEqual(await beside.ended, [0, null])
    } finally {
      owner.child.kill('SIGKILL')
      beside.child.kill('SIGKILL')
    }
  })
}
