import { checkWindows, type WindowSet } from '../availability/index.ts'
import type { OwnDatabase } from '../database/contract.ts'
import { EnvoyerError } from '../errors.ts'
import type { Json } from '../event/json.ts'
import type { TemplateOverride } from '../template/contract.ts'
import { deleteOverrides, type OverridePlace, readOverrides, writeOverride } from './overrides.ts'
import { createValues, type Values } from './values.ts'

/** What an operator can say about a channel while everything runs. */
export interface ChannelSetting {
  /** Off: nothing new is written for it (reason `channel-off`), and what waits is held. Default true. */
  readonly on: boolean
  /** Paused: new deliveries are written, and all are held. Default false. */
  readonly paused: boolean
}

/** What has windows of its own. */
export interface WindowOwner {
  readonly kind: 'channel' | 'event'
  readonly name: string
}

export interface SettingStore extends Pick<Values, 'refresh' | 'refreshNow' | 'follow'> {
  /** As last seen. */
  channel(name: string): ChannelSetting
  set(name: string, change: Partial<ChannelSetting>): Promise<ChannelSetting>
  /** Forgets what was set: the defaults hold again. */
  reset(name: string): Promise<void>
  /**
   * The windows that an operator has set, as last seen; the same object until they change. None
   * where they cannot be read.
   */
  windows(owner: WindowOwner): WindowSet | undefined
  /** Throws `option-invalid`. */
  setWindows(owner: WindowOwner, windows: WindowSet): Promise<void>
  clearWindows(owner: WindowOwner): Promise<void>
  setTemplate(override: TemplateOverride): Promise<void>
  /** Removes overrides; the files hold again. Gives how many there were. */
  resetTemplate(place: OverridePlace): Promise<number>
  templates(): Promise<TemplateOverride[]>
}

const defaults: ChannelSetting = { on: true, paused: false }
const channelKey = (name: string) => `channel:${name}`
const windowsKey = ({ kind, name }: WindowOwner) => `windows:${kind}:${name}`
/** Changes with every change of an override, so that one small read tells all processes. */
const templateVersion = 'template-version'

function checkChange(change: Partial<ChannelSetting>): void {
  for (const [key, value] of Object.entries(change)) {
    if (key in defaults && typeof value === 'boolean') continue
    throw new EnvoyerError(
      'option-invalid',
      `settings.set: \`${key}\` must be on or paused, and a boolean`,
    )
  }
}

/** What operators change at run time, kept in the database and in step between processes. */
export function createSettings(
  schemaName: string,
  database: () => Promise<OwnDatabase>,
  override: (overrides: readonly TemplateOverride[]) => void,
  onError: (error: Error) => void,
): SettingStore {
  const schema = `"${schemaName}"`
  /** The version of the overrides that are in use. */
  let overridden: Json | undefined
  const values = createValues(
    schemaName,
    database,
    async (db) => {
      const version = values.get(templateVersion)
      if (version === overridden) return
      override(await readOverrides(db, schema))
      overridden = version
    },
    onError,
  )
  /** By the very value, which stays the same until it changes. */
  const verdicts = new Map<string, { readonly value: Json; readonly readable: boolean }>()
  const isReadable = (value: Json, owner: WindowOwner): boolean => {
    const key = windowsKey(owner)
    const known = verdicts.get(key)
    if (known?.value === value) return known.readable
    const problems = checkWindows(value, `the windows set for ${owner.kind} ${owner.name}`)
    verdicts.set(key, { value, readable: problems.length === 0 })
    // Written by a later version, or by hand: those in the code hold.
    if (problems.length > 0) onError(new EnvoyerError('option-invalid', problems))
    return problems.length === 0
  }
  const templatesChanged = () => values.put(templateVersion, `${Date.now()}-${Math.random()}`)
  const channel = (name: string) => ({
    ...defaults,
    ...(values.get(channelKey(name)) as Partial<ChannelSetting> | undefined),
  })
  return {
    channel,
    refresh: values.refresh,
    refreshNow: values.refreshNow,
    follow: values.follow,
    async set(name, change) {
      checkChange(change)
      await values.merge(channelKey(name), change)
      return channel(name)
    },
    reset: (name) => values.remove(channelKey(name)),
    windows: (owner) => {
      const value = values.get(windowsKey(owner))
      if (value === undefined) return undefined
      return isReadable(value, owner) ? (value as unknown as WindowSet) : undefined
    },
    async setWindows(owner, windows) {
      const problems = checkWindows(windows)
      if (problems.length > 0) throw new EnvoyerError('option-invalid', problems)
      await values.put(windowsKey(owner), windows as unknown as Json)
    },
    clearWindows: (owner) => values.remove(windowsKey(owner)),
    async setTemplate(template) {
      await writeOverride(await database(), schema, template)
      await templatesChanged()
    },
    async resetTemplate(place) {
      const count = await deleteOverrides(await database(), schema, place)
      if (count > 0) await templatesChanged()
      return count
    },
    templates: async () => readOverrides(await database(), schema),
  }
}
