import type { Configuration } from '../option/configuration.ts'
import type { SettingStore } from '../setting/settings.ts'
import type { Emitter } from '../signal/signals.ts'
import type { Templates } from '../template/contract.ts'
import type { WriteEndedParts } from '../worker/write-ended.ts'
import type { Opened } from './open.ts'
import type { TimetableOf } from './timing.ts'

/** What the operators' half works with. */
export interface OperateParts {
  readonly configuration: Configuration
  open(): Promise<Opened>
  readonly settings: SettingStore
  readonly timetables: TimetableOf
  readonly templates: () => Templates
  readonly emitter: Emitter
  readonly followUp: WriteEndedParts['followUp']
}
