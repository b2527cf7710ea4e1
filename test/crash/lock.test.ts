import assert from 'node:assert/strict'
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { acquireLock } from '../../src/database/embedded/lock.ts'
import { encode, type Owner } from '../../src/database/embedded/lock-file.ts'
import { identityOf, ownIdentity } from '../../src/database/embedded/process-identity.ts'
import { temporaryDirectory } from '../support/database.ts'
import { typescript } from '../support/typescript.ts'

const processes = 20
const rounds = process.env.ENVOYER_THOROUGH ? 200 : 5
const locked = { code: 'database-locked' }

/** A pid that no process has: of one that has just ended. */
async function deadPid(): Promise<number> {
  const child = spawn('true')
  await once(child, 'exit')
  return child.pid!
}

async function directoryOwnedBy(owner: Partial<Owner>, number = 1): Promise<string> {
  const directory = await temporaryDirectory()
  await writeOwner(directory, owner, number)
  return directory
}

async function writeOwner(directory: string, owner: Partial<Owner>, number = 1): Promise<void> {
  const whole = { ...ownIdentity(), token: 'token', since: '2026-01-01T00:00:00Z', ...owner }
  await writeFile(join(directory, `owner.${number}`), encode({ state: 'owned', owner: whole }))
}

const take = (directory: string, waitMs = 0) => acquireLock(directory, () => {}, waitMs)

describe('the lock of the embedded database', () => {
  it(`has one owner at a time, of ${processes} that race for a dead one's`, async (t) => {
    const file = fileURLToPath(new URL('../support/lock-contender.ts', import.meta.url))
    const execArgv = [...typescript]
    const contenders = Array.from({ length: processes }, () => fork(file, { execArgv }))
    t.after(() => {
      for (const contender of contenders) contender.kill('SIGKILL')
    })
    await Promise.all(contenders.map((contender) => once(contender, 'message')))
    const pid = await deadPid()
    const root = await temporaryDirectory()
    for (let round = 0; round < rounds; round++) {
      const directory = await mkdtemp(join(root, 'round-'))
      await writeOwner(directory, { pid }, 7)
      const said = await Promise.all(contenders.map((contender) => ask(contender, directory)))
      const odd = said.filter((word) => word !== 'owned' && word !== 'refused')
      assert.deepEqual(odd, [], `round ${round}`)
      assert.ok(said.includes('owned'), `round ${round}: nobody got it`)
      // The number never falls, and nothing is left lying about.
      const left = await readdir(directory)
      assert.equal(left.length, 1, `${left}`)
      assert.ok(Number(left[0]!.slice('owner.'.length)) > 7)
    }
  })

  it('is taken from a dead process, and from one whose number another has now', async () => {
    await (await take(await directoryOwnedBy({ pid: await deadPid() }))).release()
    const { pid } = process
    await (await take(await directoryOwnedBy({ pid, started: 'earlier' }))).release()
    await assert.rejects(take(await directoryOwnedBy({ pid })), locked)
  })

  it('is taken at once after kill -9 of its owner', async () => {
    for (let n = 0; n < 3; n++) {
      const sleeper = spawn('sleep', ['60'])
      const directory = await directoryOwnedBy(identityOf(sleeper.pid!))
      await assert.rejects(take(directory), locked)
      sleeper.kill('SIGKILL')
      // Not waited for: it may still be there, or be a zombie.
      await (await take(directory, 500)).release()
    }
  })

  it('waits for the sign of life of an owner that cannot be looked at', async () => {
    const directory = await directoryOwnedBy({ place: 'elsewhere', host: 'elsewhere' })
    const file = join(directory, 'owner.1')
    const beat = setInterval(() => void utimes(file, new Date(), new Date()), 500)
    await assert.rejects(take(directory), /Process \d+ on elsewhere has had it open since 2026/)
    clearInterval(beat)
    const longAgo = new Date(Date.now() - 60_000)
    await utimes(file, longAgo, longAgo)
    await (await take(directory)).release()
  })

  it('is taken over from a file that was never finished, once it is old', async () => {
    const directory = await temporaryDirectory()
    const file = join(directory, 'owner.1')
    await writeFile(file, '')
    const longAgo = new Date(Date.now() - 60_000)
    await utimes(file, longAgo, longAgo)
    await (await take(directory)).release()
  })

  it('tells an owner that has been overtaken', async () => {
    const directory = await temporaryDirectory()
    const lost = new Promise<Error>((resolve, reject) => {
      acquireLock(directory, resolve).catch(reject)
    })
    const hold = setInterval(() => {}, 1000)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await writeOwner(directory, {}, 2)
    assert.match((await lost).message, /took .* over/)
    clearInterval(hold)
  })
})

function ask(contender: ChildProcess, directory: string): Promise<string> {
  return new Promise((resolve, reject) => {
    contender.once('message', (word) => resolve(String(word)))
    contender.send(directory, (error) => error && reject(error))
  })
}
