import { randomUUID } from 'node:crypto'
import { codeOf, toError } from '../errors.ts'
import type { OwnDatabase } from './contract.ts'
import { poolOf } from './pooled.ts'

const silentMs = 2000

/**
 * Whether statements stay prepared from one transaction to the next: a pooler in transaction mode
 * may give another session in between, and not all of them prepare anew there. `undefined` where no
 * answer came. PostgreSQL only; takes two connections.
 */
export async function keepsStatements({ source }: OwnDatabase): Promise<boolean | undefined> {
  const pool = poolOf(source)
  const [one, other] = [await pool.connect(), await pool.connect()]
  const query = {
    ...{ name: `envoyer_doctor_${randomUUID()}`, text: 'SELECT $1::int', query_timeout: silentMs },
  }
  let broken: Error | undefined
  try {
    await one.query({ ...query, values: [1] })
    // Poolers give first what was given back last: now the other has that session.
    await other.query('BEGIN')
    await other.query('SELECT 1')
    await one.query({ ...query, values: [2] })
    return true
  } catch (thrown) {
    broken = toError(thrown)
    // Known by nobody there, or known already.
    if (['26000', '42P05'].includes(codeOf(thrown, ''))) return false
    if (broken.message === 'Query read timeout') return undefined
    throw thrown
  } finally {
    await other.query('ROLLBACK').catch(() => {})
    other.release(broken)
    one.release(broken)
  }
}
