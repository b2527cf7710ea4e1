import type { Observation } from '../channel/backend.ts'
import type { Database } from '../database/contract.ts'
import { codeOf } from '../errors.ts'
import type { Configuration } from '../option/configuration.ts'
import { isTableMissing } from './finding.ts'

/** Of what waits, so many rows are looked at. */
const rowsAtMost = 10_000

/** Whether what waits to be sent can be decrypted. Without a database only the configuration is seen. */
export async function seeSecretKey(
  { sealer, channels, schema }: Configuration,
  database: Database | undefined,
): Promise<Observation> {
  const used = database ? await usedKeys(schema, database).catch(noneWithoutTables) : []
  const unknown = used.filter((id) => !sealer.keyIds.includes(id))
  if (unknown.length > 0) {
    return {
      level: 'error',
      message: `Messages that wait are encrypted with keys that are not configured: ${unknown.join(', ')}. Configured: ${sealer.keyIds.join(', ') || 'none'}.`,
      remedy:
        'Put those keys behind the first one in ENVOYER_SECRET_KEY (or `secretKey`) until all such messages have gone.',
    }
  }
  const [current, ...older] = sealer.keyIds
  if (current !== undefined) {
    const idle = older.filter((id) => !used.includes(id))
    const rest =
      older.length === 0
        ? ''
        : ` Older ones are there: ${older.join(', ')}; ${idle.length === 0 ? 'messages that wait need them' : `no message that waits needs ${idle.join(', ')}`}.`
    return { level: 'ok', message: `The key ${current} encrypts.${rest}` }
  }
  const may = Object.entries(channels)
    .filter(([, { definition }]) => (definition.address.secretKeys ?? []).length > 0)
    .map(([name]) => name)
  const until = may.length > 0 ? `, until an address of ${may.join(', ')} carries a secret` : ''
  return { level: 'skipped', message: `No key is configured, and nothing needs one${until}.` }
}

function noneWithoutTables(thrown: unknown): string[] {
  // A table or a column that the next migration brings.
  if (isTableMissing(thrown) || codeOf(thrown, '') === '42703') return []
  throw thrown
}

/** The ids of the keys that encrypted what is not settled yet. */
async function usedKeys(schema: string, database: Database): Promise<string[]> {
  const rows = await database.execute<{ id: string }>(
    `SELECT DISTINCT match[1] AS id FROM (
       SELECT regexp_matches(secret, '^sealed:v1:([0-9a-f]{8}):') AS match FROM (
         SELECT secret FROM "${schema}".notification
         WHERE completed_at IS NULL AND secret LIKE 'sealed:%' LIMIT ${rowsAtMost}
       ) AS contexts
       UNION ALL
       SELECT regexp_matches(address::text, 'sealed:v1:([0-9a-f]{8}):', 'g') FROM (
         SELECT address FROM "${schema}".delivery
         WHERE status IN ('pending', 'sending') LIMIT ${rowsAtMost}
       ) AS addresses
     ) AS matches ORDER BY 1`,
  )
  return rows.map(({ id }) => id)
}
