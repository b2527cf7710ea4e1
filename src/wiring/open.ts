import { type OwnDatabase, openDatabase, type Reception, type Terms } from '../database/index.ts'
import { checkMigrations, pendingMigrations, runMigrations } from '../database/migrate.ts'
import { codeOf, EnvoyerError } from '../errors.ts'
import type { Configuration } from '../option/configuration.ts'
import { refuseUnknown } from '../option/given.ts'
import { type Clock, createClock, createOwnClock } from '../outbox/clock.ts'
import { migrations } from '../outbox/migrations/index.ts'
import { createOutbox, notifyWorkers, type Outbox } from '../outbox/outbox.ts'
import { createBullmqQueue, loadBullmq } from '../queue/bullmq.ts'
import type { Queue } from '../queue/contract.ts'
import { createInProcessQueue } from '../queue/in-process.ts'
import { createNotifyQueue } from '../queue/notify.ts'
import { loadTracing, type Tracing } from '../trace/spans.ts'
import type { Measuring } from './meter.ts'
import { countTickets } from './watch.ts'

/** What an envoyer holds open. */
export interface Opened {
  readonly database: OwnDatabase
  readonly outbox: Outbox
  readonly clock: Clock
  readonly queue: Queue
  /** `undefined` where the application has no `@opentelemetry/api`. */
  readonly tracing: Tracing | undefined
}

export interface Looked {
  readonly database: OwnDatabase
  /** Closes what was opened only to look. */
  release(): Promise<void>
}

export interface Opening {
  /** Opens on first use; after a failure the next call tries again. Throws `closed` after `close`. */
  open(): Promise<Opened>
  /** Whether the database is open here. */
  isOpen(): boolean
  /** Brings the tables up to date, or only tells what would run. Gives the names of migrations. */
  migrate(options?: { readonly dryRun?: boolean }): Promise<string[]>
  /**
   * The database as it is, tables old or missing included, to look at. On PostgreSQL over
   * connections of its own, so that it tells how they are made now.
   */
  look(onWarning: (error: Error) => void): Promise<Looked>
  close(): Promise<void>
}

/** What processes that work through each other must have alike. */
export const termsOf = ({ schema }: Configuration): Terms => ({
  schema,
  tables: migrations.map((Migration) => new Migration().name).join(' '),
})

/** Opens the database that is configured. */
export async function connect(
  configuration: Configuration,
  onError: (error: Error) => void,
  limits: { readonly poolSize?: number; readonly connectTimeoutMs?: number } = {},
  reception?: Reception,
) {
  const { databaseUrl, directory, schema, durability, connections } = configuration
  const { transactionTimeoutMs, statementTimeoutMs } = configuration
  // With TypeORM, like what opens it.
  const { entities } = await import('../outbox/entities.ts')
  return openDatabase({
    ...(databaseUrl === undefined ? {} : { url: databaseUrl }),
    directory: directory ?? '.envoyer',
    schema,
    ...(durability === undefined ? {} : { durability }),
    ...(transactionTimeoutMs === undefined ? {} : { transactionTimeoutMs }),
    ...(statementTimeoutMs === undefined ? {} : { statementTimeoutMs }),
    ...(connections === undefined ? {} : { poolSize: connections }),
    entities,
    migrations,
    ...(reception ? { clients: { terms: termsOf(configuration), reception } } : {}),
    onWarning: onError,
    ...limits,
  })
}

/** Two sessions are needed to see whether a pooler gives one's to another, and one that listens. */
const lookLimits = { poolSize: 2, connectTimeoutMs: 5000 }

/** The database and queue of one envoyer, opened when they are first needed. */
export function createOpening(
  configuration: Configuration,
  onError: (error: Error) => void,
  clockOffsetMs: () => number,
  measuring: Measuring,
  reception?: Reception,
): Opening {
  const { schema, redisUrl } = configuration
  const outbox = createOutbox(schema, clockOffsetMs)
  let opened: Promise<Opened> | undefined
  let isOpen = false
  let closing: Promise<void> | undefined

  const openNow = async (): Promise<Opened> => {
    // A package that is missing is told before anything is opened.
    const bullmq = redisUrl === undefined ? undefined : await loadBullmq()
    const tracing = await loadTracing(onError)
    const database = await connect(configuration, onError, {}, reception)
    try {
      const mode = configuration.migrations ?? (database.kind === 'embedded' ? 'run' : 'check')
      if (mode === 'run') await runMigrations(database, schema)
      else await checkMigrations(database, schema)
    } catch (thrown) {
      await database.close()
      throw thrown
    }
    const listen = (heard: () => void) => database.listen(outbox.wakeTopic, heard)
    const embedded = database.kind === 'embedded'
    const notify = () => notifyWorkers(outbox, database)
    const createQueue = () => {
      if (embedded) return createInProcessQueue(onError, listen)
      if (bullmq === undefined) return createNotifyQueue(notify, listen, onError)
      return createBullmqQueue(bullmq, { url: redisUrl!, prefix: schema, notify, listen, onError })
    }
    const queue = countTickets(createQueue(), measuring)
    const clock = embedded ? createOwnClock(outbox) : createClock(outbox, database)
    return { database, outbox, clock, queue, tracing }
  }
  const refuseClosed = () => {
    if (closing) throw new EnvoyerError('closed', [])
  }
  const open = async (): Promise<Opened> => {
    refuseClosed()
    opened ??= openNow().then(
      (made) => {
        isOpen = true
        return made
      },
      (thrown) => {
        opened = undefined
        throw thrown
      },
    )
    return opened
  }
  return {
    open,
    isOpen: () => isOpen,
    async migrate(options = {}) {
      refuseClosed()
      const { dryRun = false } = refuseUnknown(options, ['dryRun'])
      const migrate = dryRun ? pendingMigrations : runMigrations
      if (opened) return migrate((await opened).database, schema)
      const database = await connect(configuration, onError)
      try {
        return await migrate(database, schema)
      } finally {
        await database.close()
      }
    },
    async look(onWarning) {
      refuseClosed()
      if (configuration.databaseUrl === undefined) {
        // It has one owner and one session: whoever looks, opens it.
        const held = await open().catch((thrown) => {
          if (!/^schema-/.test(codeOf(thrown, ''))) throw thrown
        })
        if (held) return { database: held.database, release: async () => {} }
      }
      const database = await connect(configuration, onWarning, lookLimits)
      return { database, release: () => database.close() }
    },
    close() {
      closing ??= (async () => {
        const held = await opened?.catch(() => undefined)
        await held?.queue.close()
        await held?.database.close()
      })()
      return closing
    },
  }
}
