import type { Database } from '../database/contract.ts'
import type { TemplateOverride } from '../template/contract.ts'

/** Where an override stands; a part or locale left out means all of them. */
export type OverridePlace = Pick<TemplateOverride, 'event' | 'channel'> & Partial<TemplateOverride>

export async function readOverrides(db: Database, schema: string): Promise<TemplateOverride[]> {
  return db.execute<TemplateOverride & Record<string, unknown>>(
    `SELECT event, channel, part, locale, body FROM ${schema}.template ORDER BY 1, 2, 3, 4`,
  )
}

export async function writeOverride(
  db: Database,
  schema: string,
  { event, channel, part, locale, body }: TemplateOverride,
): Promise<void> {
  await db.execute(
    `INSERT INTO ${schema}.template (event, channel, part, locale, body, updated_at)
     VALUES ($1, $2, $3, $4, $5, now())
     ON CONFLICT (event, channel, part, locale)
     DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at`,
    [event, channel, part, locale, body],
  )
}

/** Gives how many there were. */
export async function deleteOverrides(
  db: Database,
  schema: string,
  { event, channel, part, locale }: OverridePlace,
): Promise<number> {
  const rows = await db.execute(
    `DELETE FROM ${schema}.template WHERE event = $1 AND channel = $2
       AND part = coalesce($3, part) AND locale = coalesce($4, locale) RETURNING 1`,
    [event, channel, part ?? null, locale ?? null],
  )
  return rows.length
}
