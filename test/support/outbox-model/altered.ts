import type { Database, OwnDatabase } from '../../../src/database/contract.ts'

/** A database that is told something else than the outbox says. */
export interface Altered {
  readonly database: OwnDatabase
  /** How many statements were altered. */
  count(): number
}

/** Puts `to` in the place of `from` in each statement that has it. */
export function alter(database: OwnDatabase, from: string, to: string): Altered {
  let count = 0
  const around = (db: Database): Database => ({
    execute(sql, values) {
      if (!sql.includes(from)) return db.execute(sql, values)
      count += 1
      return db.execute(sql.replaceAll(from, to), values)
    },
  })
  return {
    count: () => count,
    database: {
      ...database,
      ...around(database),
      transaction: (work) => database.transaction((tx) => work(around(tx))),
    },
  }
}
