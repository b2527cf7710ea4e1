import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { findOwner } from '../../src/database/index.ts'
import { type CrashChild, eventually, killChildren, startChild } from '../support/crash-child.ts'
import { crashProgram } from '../support/crash-program.ts'

const processes = 20
const sends = process.env.ENVOYER_THOROUGH ? 40 : 5
const kills = process.env.ENVOYER_THOROUGH ? 8 : 2

describe(`${processes} processes on one embedded database, their owner killed again and again`, () => {
  after(killChildren)

  it('lose nothing, double nothing, and the last one closes it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'envoyer-owner-'))
    // Nobody works, so nothing goes there.
    const sink = 'http://127.0.0.1:8080'
    const start = (name: string) =>
      startChild(crashProgram(), { database: { directory }, sink, name })
    const children: CrashChild[] = []
    // The first leaves the others its machine code, and two cores cannot start all of them at once.
    for (const together of [1, 4, 5, 5, 5]) {
      const more = Array.from({ length: together }, (_, n) =>
        start(`client-${children.length + n}`),
      )
      await Promise.all(more.map((child) => child.open()))
      children.push(...more)
    }
    for (const child of children) child.send({ sends, listing: true })

    const owner = async () => {
      const found = await findOwner(directory)
      return children.find(({ pid }) => pid === found?.pid)
    }
    const acknowledged = () => children.flatMap((child) => child.acknowledged)
    const told = async () => children.map(({ name, problems }) => `${name}: ${problems}`).join('\n')
    const killed: CrashChild[] = []
    for (let kill = 1; kill <= kills; kill += 1) {
      const before = acknowledged().length
      await eventually(() => acknowledged().length >= before + 2 * processes, told, {
        timeoutMs: 90_000,
      })
      const victim = (await owner())!
      assert.ok(!killed.includes(victim))
      victim.kill()
      assert.equal(await victim.ended, 'SIGKILL')
      killed.push(victim)
    }
    const survivors = children.filter((child) => !killed.includes(child))
    await Promise.all(survivors.map((child) => child.sentAll()))
    for (const { refused, problems, unacknowledged } of survivors) {
      assert.deepEqual(
        { refused, problems, unacknowledged },
        { refused: [], problems: [], unacknowledged: 0 },
      )
    }

    const last = (await owner())!
    const found = await last.ask<{ id: string; size: number; count: number }>(
      `SELECT n.id, (n.context ->> 'size')::int AS size, count(d.id)::int AS count
       FROM envoyer.notification n LEFT JOIN envoyer.delivery d ON d.notification_id = n.id
       GROUP BY n.id`,
    )
    const ids = new Set(found.map(({ id }) => id))
    assert.deepEqual(
      acknowledged().filter(({ notificationId }) => !ids.has(notificationId)),
      [],
    )
    assert.deepEqual(
      found.filter(({ size, count }) => size !== count),
      [],
    )
    // Every address is sent to once: twice means that a call was done twice.
    const twice = await last.ask(
      'SELECT address_key FROM envoyer.delivery GROUP BY 1 HAVING count(*) > 1',
    )
    assert.deepEqual(twice, [])
    // Only what a killed one was not told of may be there besides.
    const unknown = killed.reduce((sum, { unacknowledged }) => sum + unacknowledged, 0)
    assert.ok(found.length <= acknowledged().length + unknown)

    const clients = survivors.filter((child) => child !== last)
    for (const child of [...clients, last]) {
      child.close()
      assert.equal(await child.ended, 0)
    }
    assert.equal(await findOwner(directory), undefined)
    assert.deepEqual(
      (await readdir(directory)).filter((name) => name === 'socket'),
      [],
    )
    await rm(directory, { recursive: true })
  })
})
