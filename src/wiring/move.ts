import { resolve } from 'node:path'
import { noteMoved } from '../database/embedded/moved.ts'
import { runMigrations, withoutTimeLimit } from '../database/index.ts'
import { EnvoyerError } from '../errors.ts'
import type { Configuration } from '../option/configuration.ts'
import { refuseUnknown } from '../option/given.ts'
import { type Copied, copyTables, firstFilled } from '../outbox/copy.ts'
import { createOutbox } from '../outbox/outbox.ts'
import { connect, type Opened } from './open.ts'
import type { Workers } from './workers.ts'

export interface MoveOptions {
  /** `postgres://…` of the database to move to. Its tables are made where they are not there. */
  readonly to: string
  /** Told after every 500 rows how many of each table are copied. */
  readonly onProgress?: (rows: Copied) => void
}

/** What a move copied. */
export interface MoveResult {
  /** By table. */
  readonly rows: Copied
}

const refuse = (problem: string) => new EnvoyerError('option-invalid', problem)

/** Where it is, without user and password. */
function placeOf(to: unknown): string {
  if (typeof to !== 'string' || !/^postgres(ql)?:\/\//.test(to))
    throw refuse('move: `to` must begin with postgres://')
  const { host, pathname } = new URL(to)
  return `${host}${pathname}`
}

/** One transaction on each side: half a move is none. */
async function copyAll(
  here: Pick<Opened, 'database' | 'outbox'>,
  there: Pick<Opened, 'database' | 'outbox'>,
  note: { readonly folder: string; readonly place: string },
  onProgress: (rows: Copied) => void,
): Promise<Copied> {
  const { folder, place } = note
  const copy = () =>
    here.database.transaction((from) =>
      there.database.transaction(async (into) => {
        const filled = await firstFilled(there.outbox, into)
        if (filled !== undefined) throw new EnvoyerError('database-filled', `${place}, ${filled}`)
        const copied = await copyTables(
          { outbox: here.outbox, database: from },
          { outbox: there.outbox, database: into },
          onProgress,
        )
        // What waits for the one session of it writes nothing behind this; rolled back, it can again.
        await from.execute('SET default_transaction_read_only = on')
        // Before the commit: never are there two from which the same messages would go out.
        await noteMoved(folder, place)
        return copied
      }),
    )
  try {
    return await withoutTimeLimit(here.database, copy)
  } catch (thrown) {
    // Where the answer to the commit was lost nobody knows; then it is asked.
    const filled = await firstFilled(there.outbox, there.database).catch(() => 'nobody knows')
    if (filled === undefined) await noteMoved(folder, undefined)
    throw thrown
  }
}

/** Moves what the embedded database holds to PostgreSQL; see `Envoyer.move`. */
export function createMove(
  configuration: Configuration,
  parts: {
    open(): Promise<Opened>
    close(): Promise<void>
    /** Workers of this process. */
    readonly workers: Pick<Workers, 'any'>
    onError(error: Error): void
  },
) {
  const { schema, directory = '.envoyer' } = configuration
  return async (options: MoveOptions): Promise<MoveResult> => {
    const { to, onProgress = () => {} } = refuseUnknown(options, ['to', 'onProgress'])
    const place = placeOf(to)
    const here = await parts.open()
    if (here.database.kind !== 'embedded' || directory === 'memory')
      throw refuse('move: it moves from an embedded database in a folder; use pg_dump for others')
    if (parts.workers.any())
      throw refuse('move: a worker of this process is sending; stop it first')
    const database = await connect({ ...configuration, databaseUrl: to }, parts.onError)
    try {
      await runMigrations(database, schema)
      const there = { database, outbox: createOutbox(schema, () => 0) }
      const rows = await copyAll(here, there, { folder: resolve(directory), place }, onProgress)
      await parts.close()
      return { rows }
    } finally {
      await database.close()
    }
  }
}
