import { randomBytes } from 'node:crypto'
import { describe } from 'node:test'
import type { Surroundings } from '../../src/option/configuration.ts'
import { createDatabase } from './create-database.ts'

/** One way to run: what differs between them in the options of `createEnvoyer`. */
export interface Engine {
  readonly name: 'embedded' | 'postgres'
  /** Options of an empty database of one's own. */
  fresh(): Pick<Surroundings, 'directory' | 'databaseUrl' | 'schema' | 'migrations'>
}

/** The PostgreSQL that the test command started. */
export function postgresUrl(): string {
  const url = process.env.ENVOYER_TEST_DATABASE_URL
  if (!url) {
    throw new Error(
      'There is no PostgreSQL for this test. Run it by `npm test -- <file>`, which starts one.',
    )
  }
  return url
}

/** The Redis that the test command started. */
export function redisUrl(): string {
  const url = process.env.ENVOYER_TEST_REDIS_URL
  if (!url) {
    throw new Error(
      'There is no Redis for this test. Run it by `npm test -- <file>`, which starts one.',
    )
  }
  return url
}

export const freshSchema = () => `test_${randomBytes(6).toString('hex')}`

/** The URL of an empty database beside that one. */
export const freshDatabaseUrl = () => createDatabase(postgresUrl())

export const embedded: Engine = {
  name: 'embedded',
  fresh: () => ({ directory: 'memory', schema: freshSchema() }),
}

export const postgres: Engine = {
  name: 'postgres',
  fresh: () => ({ databaseUrl: postgresUrl(), schema: freshSchema(), migrations: 'run' }),
}

/** Declares the same tests for both engines. */
export function onEveryEngine(what: string, declare: (engine: Engine) => void): void {
  for (const engine of [embedded, postgres]) {
    describe(`${what} (${engine.name})`, () => declare(engine))
  }
}
