import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type CrashChild, eventually, startChild } from './crash-child.ts'
import type { ChildSettings } from './crash-messages.ts'
import { crashProgram } from './crash-program.ts'
import { type CrashSink, startCrashSink } from './crash-sink.ts'
import { freshSchema, postgresUrl } from './engines.ts'

/** A database, the processes on it, and where their messages go. */
export interface CrashSite {
  readonly sink: CrashSink
  readonly schema: string
  /** Starts a process, which does nothing until it is told. */
  start(name: string): CrashChild
  /** Runs a statement: through the process where the database is in it, else directly. */
  ask<Row>(child: CrashChild | undefined, sql: string): Promise<Row[]>
  /** Resolves when the database has heard that a process is gone. */
  forgotten(child: CrashChild): Promise<void>
  close(): Promise<void>
}

/** The embedded database in a directory, synced to disk: its one process works and sends. */
export async function createEmbeddedSite(): Promise<CrashSite> {
  const sink = await startCrashSink()
  const directory = await mkdtemp(join(tmpdir(), 'envoyer-crash-'))
  return {
    sink,
    schema: 'envoyer',
    start: starter({ directory }, sink),
    ask: (child, sql) => child!.ask(sql),
    forgotten: async () => {},
    async close() {
      await sink.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** PostgreSQL: workers and senders are processes of their own, told of work by NOTIFY or Redis. */
export async function createPostgresSite(
  url = postgresUrl(),
  { redisUrl }: { redisUrl?: string } = {},
): Promise<CrashSite> {
  const sink = await startCrashSink()
  const schema = freshSchema()
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  // A server that the test restarts; the query that meets it rejects.
  pool.on('error', () => {})
  const ask = async <Row>(sql: string) => (await pool.query(sql)).rows as Row[]
  const database = { url, schema, ...(redisUrl === undefined ? {} : { redisUrl }) }
  return {
    sink,
    schema,
    start: starter(database, sink),
    ask: (_child, sql) => ask(sql),
    async forgotten(child) {
      // A statement may still be running for a client that is gone, and be committed.
      const sql = `SELECT 1 FROM pg_stat_activity WHERE application_name = '${child.name}'`
      await eventually(
        async () => (await ask(sql)).length === 0,
        () => `PostgreSQL still serves ${child.name}`,
      )
    },
    async close() {
      await ask(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
      await pool.end()
      await sink.stop()
    },
  }
}

/** Counted over all sites: several may be on one server. */
let started = 0

function starter(database: ChildSettings['database'], sink: CrashSink) {
  return (role: string): CrashChild => {
    started += 1
    const name = `crash-${role}-${process.pid}-${started}`
    return startChild(crashProgram(), { database: named(database, name), sink: sink.url, name })
  }
}

/** So that the server tells the processes apart. */
function named(database: ChildSettings['database'], name: string): ChildSettings['database'] {
  if (!('url' in database)) return database
  const url = new URL(database.url)
  url.searchParams.set('application_name', name)
  return { ...database, url: url.href }
}
