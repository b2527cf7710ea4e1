import type { Database } from '../database/contract.ts'
import { EnvoyerError } from '../errors.ts'
import type { Json } from '../event/json.ts'
import type { TemplateOverride } from '../template/contract.ts'

/** What an operator can say about a channel while everything runs. */
export interface ChannelSetting {
  /** Off: nothing new is written for it (reason `channel-off`), and what waits is held. Default true. */
  readonly on: boolean
  /** Paused: new deliveries are written, and all are held. Default false. */
  readonly paused: boolean
}

export interface SettingStore {
  /** As last seen. */
  channel(name: string): ChannelSetting
  set(name: string, change: Partial<ChannelSetting>): Promise<ChannelSetting>
  /** Forgets what was set: the defaults hold again. */
  reset(name: string): Promise<void>
  /**
   * Reads what other processes may have changed, where the last look is old. `through` is a
   * transaction that is open in this call chain: on a database of one session nothing else can be
   * read meanwhile.
   */
  refresh(through?: Database): Promise<void>
  setTemplate(override: TemplateOverride): Promise<void>
  /** Removes overrides; the files hold again. Gives how many there were. */
  resetTemplate(
    place: Partial<TemplateOverride> & { event: string; channel: string },
  ): Promise<number>
  templates(): Promise<TemplateOverride[]>
}

const defaults: ChannelSetting = { on: true, paused: false }
const channelKey = (name: string) => `channel:${name}`
/** Changes with every change of an override, so that one small read tells all processes. */
const templateVersion = 'template-version'

/** Other processes see a change within five seconds: older than this is never used. */
const staleMs = 4000
/** From this age on it is read again in the background. */
const agingMs = 1500

/** What operators change at run time, kept in the database and in step between processes. */
export function createSettings(
  schema: string,
  database: () => Promise<Database>,
  override: (overrides: readonly TemplateOverride[]) => void,
  onError: (error: Error) => void,
): SettingStore {
  let values = new Map<string, Json>()
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | undefined

  const read = async (through?: Database) => {
    const db = through ?? (await database())
    const at = performance.now()
    const rows = await db.execute<{ key: string; value: Json }>(
      `SELECT key, value FROM ${schema}.setting`,
    )
    const before = values.get(templateVersion)
    values = new Map(rows.map((row) => [row.key, row.value]))
    if (values.get(templateVersion) !== before) override(await readTemplates(db))
    readAt = at
  }
  const refreshNow = () => {
    reading ??= read().finally(() => {
      reading = undefined
    })
    return reading
  }
  const readTemplates = (db: Database) =>
    db.execute<TemplateOverride & Record<string, unknown>>(
      `SELECT event, channel, part, locale, body FROM ${schema}.template ORDER BY 1, 2, 3, 4`,
    )
  const put = async (key: string, value: Json) => {
    const db = await database()
    await db.execute(
      `INSERT INTO ${schema}.setting (key, value, updated_at) VALUES ($1, $2, now())
       ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
      [key, JSON.stringify(value)],
    )
  }
  const changed = async () => {
    await put(templateVersion, `${Date.now()}-${Math.random()}`)
    await refreshNow()
  }
  const channel = (name: string) => ({
    ...defaults,
    ...(values.get(channelKey(name)) as Partial<ChannelSetting> | undefined),
  })
  return {
    channel,
    async set(name, change) {
      for (const [key, value] of Object.entries(change)) {
        if (!(key in defaults) || typeof value !== 'boolean') {
          throw new EnvoyerError(
            'option-invalid',
            `settings.set: \`${key}\` must be on or paused, and a boolean`,
          )
        }
      }
      await refreshNow()
      await put(channelKey(name), { ...channel(name), ...change })
      await refreshNow()
      return channel(name)
    },
    async reset(name) {
      const db = await database()
      await db.execute(`DELETE FROM ${schema}.setting WHERE key = $1`, [channelKey(name)])
      await refreshNow()
    },
    async refresh(through) {
      const age = performance.now() - readAt
      if (through) {
        // Not shared with others: their read may be waiting for the very session that is held here.
        if (age > staleMs) await read(through)
      } else if (age > staleMs) await refreshNow()
      else if (age > agingMs) refreshNow().catch(onError)
    },
    async setTemplate({ event, channel: name, part, locale, body }) {
      const db = await database()
      await db.execute(
        `INSERT INTO ${schema}.template (event, channel, part, locale, body, updated_at)
         VALUES ($1, $2, $3, $4, $5, now())
         ON CONFLICT (event, channel, part, locale)
         DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at`,
        [event, name, part, locale, body],
      )
      await changed()
    },
    async resetTemplate({ event, channel: name, part, locale }) {
      const db = await database()
      const rows = await db.execute(
        `DELETE FROM ${schema}.template WHERE event = $1 AND channel = $2
           AND part = coalesce($3, part) AND locale = coalesce($4, locale) RETURNING 1`,
        [event, name, part ?? null, locale ?? null],
      )
      if (rows.length > 0) await changed()
      return rows.length
    },
    templates: async () => readTemplates(await database()),
  }
}
