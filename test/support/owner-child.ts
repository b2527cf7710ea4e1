/** A second process on the directory of another one. */
import { createOwnerApp, exercise, type OwnerApp, User } from './owner-app.ts'
import { recorder } from './pager.ts'
import { serve, settingsOf } from './remote.ts'
import { told } from './told.ts'

export interface OwnerChildSettings {
  readonly directory: string
}

const { directory } = settingsOf<OwnerChildSettings>()
const backend = recorder()
const app: OwnerApp = createOwnerApp(directory, backend)

const methods = {
  exercise: async () => told(await exercise(app)),
  /** Goes through the owner, and stays. */
  send: async (to: string) =>
    (await app.send('alarm', new User(to), { what: 'fire' })).notificationId,
  work: async () => void (await app.worker({ pollMs: 20, stopOn: [] })),
  waitFor: async (id: string) => app.waitFor(id),
  /** With nothing that keeps the process alive but the call itself. */
  listAlone: async () => {
    process.channel?.unref()
    const { length } = await app.deliveries.list()
    process.channel?.ref()
    return length
  },
  /** What went out from this process. */
  sentHere: async () => backend.sent.map(({ address }) => address),
  /** Is killed once it has written deliveries, before it can tell anybody. */
  dieOnceWritten: async () => {
    app.on('delivery:queued', () => process.kill(process.pid, 'SIGKILL'))
  },
  close: async () => app.close(),
}
export type OwnerChildMethods = typeof methods

serve(methods)
