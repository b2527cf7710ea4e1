import { relative } from 'node:path'
import { createEnvoyer } from '../../src/envoyer.ts'
import type { SendResult } from '../../src/outbox/result.ts'
import { temporaryDirectory } from './database.ts'
import { pager, pagerEvents, type Recorder, recorder } from './pager.ts'

/** A user as an application has it: no plain data. */
export class User {
  #number: string
  constructor(number: string) {
    this.#number = number
  }
  get pagerNumber(): string {
    return this.#number
  }
}

/** The application of the tests, of which several processes run on one directory. */
export function createOwnerApp(
  directory: string,
  backend: Recorder = recorder(),
  schema = 'envoyer',
) {
  return createEnvoyer({
    directory,
    schema,
    durability: 'process',
    zone: 'Europe/Berlin',
    events: pagerEvents,
    channels: { pager: pager({ backend }) },
    recipient: {
      address: { pager: (user: User) => user.pagerNumber },
      userId: (user: User) => user.pagerNumber,
      data: (user: User) => ({ shouted: user.pagerNumber.toUpperCase() }),
    },
    onFailure: () => {},
  })
}

export type OwnerApp = ReturnType<typeof createOwnerApp>

export function* usersUpTo(count: number) {
  for (let n = 1; n <= count; n += 1) yield new User(`mass-${n}`)
}

/** What a call gave or threw. */
export async function outcome(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return { gave: await call() }
  } catch (thrown) {
    const { name, code, problems } = thrown as Error & { code?: string; problems?: string[] }
    return { threw: { name, code, problems } }
  }
}

const context = { what: 'smoke' }
const later = new Date('2033-05-06T07:08:09.010Z')

/**
 * Calls every method that can go through an owner, well and badly, in one order; gives what came of
 * each, by name.
 */
export async function exercise(app: OwnerApp): Promise<Record<string, unknown>> {
  const done: Record<string, unknown> = {}
  const note = async (name: string, call: () => Promise<unknown>) => {
    done[name] = await outcome(call)
  }
  const kept: SendResult[] = []
  const progress: unknown[] = []
  const send = async (event: 'alarm' | 'fire', users: object, given: object, options = {}) => {
    const result = await app.send(event, users as User, given as { what: string }, options)
    kept.push(result)
    return { ...result, all: await listOf(result.all()) }
  }
  const onProgress = (told: unknown) => void progress.push(told)
  await app.migrate()
  await note('migrate', () => app.migrate())
  await note('send', () => send('alarm', new User('ada'), context, { onProgress }))
  await note('send: an array', () =>
    send('alarm', [new User('bob'), new User('bob'), new User('%')], context, { at: later }),
  )
  await note('send: an iterable', () =>
    send('alarm', usersUpTo(2100), context, { at: later, onProgress }),
  )
  await note('send: a key', () => send('fire', new User('key'), context, { key: 'k', at: later }))
  await note('send: the key again', () =>
    send('fire', new User('key'), context, { key: 'k', at: later }),
  )
  await note('send: the key for another', () =>
    send('fire', new User('key'), { what: '!' }, { key: 'k' }),
  )
  await note('send: a context that is none', () => send('alarm', new User('ada'), {} as never))
  await note('send: no event', () => send('nothing' as never, new User('ada'), context))
  await note('send: a source that throws', () => send('alarm', broken(), context, { at: later }))
  done['send: progress'] = [progress[0], progress.at(-1)]
  await note('explain', () => app.explain('alarm', new User('ada')))
  await note('worker', async () => {
    const worker = await app.worker({ pollMs: 20, stopOn: [] })
    const completed = await app.waitFor(kept[0]!)
    await worker.stop()
    return { completed, inFlight: worker.inFlight() }
  })
  await note('worker: no channel', () => app.worker({ channels: ['none' as never] }))
  await note('waitFor', () => app.waitFor(kept[0]!.notificationId))
  await note('waitFor: in vain', () => app.waitFor(kept[1]!, { timeoutMs: 30 }))
  const gaveUp = new AbortController()
  setTimeout(() => gaveUp.abort(new RangeError('enough')), 30)
  await note('waitFor: taken back', () => app.waitFor(kept[1]!, { signal: gaveUp.signal }))
  await operate(app, note, kept)
  return done
}

async function* broken() {
  yield new User('first')
  throw new RangeError('the source broke')
}

/** The operators' half. */
async function operate(
  app: OwnerApp,
  note: (name: string, call: () => Promise<unknown>) => Promise<void>,
  kept: readonly SendResult[],
): Promise<void> {
  const { deliveries, settings, windows, templates } = app
  const sent = kept[0]!.deliveries[0]!.id
  const waits = kept[1]!.deliveries[0]!.id
  await note('deliveries.list', () => deliveries.list({ user: 'ada' }))
  await note('deliveries.get', () => deliveries.get(sent))
  await note('deliveries.get: none', () => deliveries.get('none'))
  await note('deliveries.resend', () => deliveries.resend(sent))
  await note('deliveries.resend: not sent', () => deliveries.resend(waits))
  await note('deliveries.reschedule', () => deliveries.reschedule(waits, { at: later }))
  await note('deliveries.cancel', () => deliveries.cancel(waits))
  await note('deliveries.retry', () => deliveries.retry(waits))
  await note('deliveries.count', () => deliveries.count({ user: 'ada' }))
  await note('deliveries.retryAll', () => deliveries.retryAll({ user: 'ada' }))
  await note('deliveries.cancelAll', () => deliveries.cancelAll({ user: 'bob' }))
  await note('status', async () => {
    const { channels, failures } = await app.status()
    return { channels: channels.map(({ channel, counts }) => ({ channel, counts })), failures }
  })
  await note('prune', () => app.prune({ days: 1, dryRun: true }))
  await note('erase', () => app.erase({ user: 'key' }))
  await note('settings.set', () => settings.set('pager', { paused: true }))
  await note('settings.set: badly', () => settings.set('pager', { on: 'no' as never }))
  await note('settings.get', () => settings.get('pager'))
  await note('settings.reset', () => settings.reset('pager'))
  await note('windows.set', () =>
    windows.set({ channel: 'pager' }, [{ from: '09:00', to: '18:00' }]),
  )
  await note('windows.list', () => windows.list())
  await note('windows.apply', () => windows.apply({ dryRun: true }))
  await note('windows.clear', () => windows.clear({ channel: 'pager' }))
  await note('templates.set', () => templates.set('alarm', 'pager', 'text', '{{ what }}'))
  await note('templates.list', () => templates.list())
  await note('templates.check', () => templates.check())
  await note('templates.get', () => templates.get('alarm', 'pager', 'text'))
  await note('templates.preview', () =>
    templates.preview('alarm', 'pager', { context, recipient: { pagerNumber: 'ada' } }),
  )
  const folder = relative('.', await temporaryDirectory())
  await note('templates.export', () => templates.export(folder))
  await note('doctor', async () => (await app.doctor()).map(({ check, level }) => [check, level]))
  await note('templates.reset', () => templates.reset('alarm', 'pager'))
}

async function listOf<T>(source: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const each of source) list.push(each)
  return list
}
