import { EnvoyerError } from '../errors.ts'
import { named } from '../names.ts'
import * as again from '../outbox/again.ts'
import type { DeliveryFilter } from '../outbox/filter.ts'
import { createId, isId } from '../outbox/id.ts'
import {
  type DeliveryDetails,
  type DeliveryView,
  getDelivery,
  listDeliveries,
} from '../outbox/read.ts'
import type { ChannelSetting } from '../setting/settings.ts'
import { lookedFor } from './address-keys.ts'
import { cancelWaiting } from './cancel.ts'
import { createMany, type Many } from './many.ts'
import type { OperateParts } from './operate-parts.ts'
import { type Reschedule, type Rescheduled, rescheduleOne } from './reschedule.ts'

/** What operators do with deliveries. */
export interface Deliveries extends Many {
  /** A page, newest first. */
  list(filter?: DeliveryFilter): Promise<DeliveryView[]>
  /** One with context, message, receipt and failed tries. Throws `not-found`. */
  get(id: string): Promise<DeliveryDetails>
  /** Tries a failed one again, under the same id. Throws `delivery-state`. */
  retry(id: string): Promise<void>
  /** Sends a sent one once more; gives the id of the new delivery. Throws `delivery-state`. */
  resend(id: string): Promise<string>
  /**
   * Gives one that waits another time, and tells when it goes. Throws `delivery-state` where it is
   * being sent or settled, `option-invalid` where it could not go before its deadline.
   */
  reschedule(id: string, to?: Reschedule): Promise<Rescheduled>
  /** Cancels one that waits. Throws `delivery-state` where it is being sent or settled. */
  cancel(id: string): Promise<void>
}

/** `resendAs` gives the new delivery an id made by who asks, so that asking twice makes one. */
export interface OwnDeliveries extends Deliveries {
  resendAs(id: string, newId: string): Promise<string>
}

export function createDeliveries(parts: OperateParts): OwnDeliveries {
  const { open, configuration } = parts
  const get = async (id: string) => {
    const { database } = await open()
    const found = isId(id) ? await getDelivery(database.source, id) : undefined
    if (!found) throw new EnvoyerError('not-found', `delivery ${id}`)
    return found
  }
  const refuse = async (id: string, action: string): Promise<never> => {
    const { status, sensitive, erasedAt } = await get(id)
    if (erasedAt !== null) {
      const problem = `delivery ${id} cannot be ${action}: the person it was for has been erased`
      throw new EnvoyerError('delivery-state', problem)
    }
    if (sensitive === 'erased' && action !== 'cancelled') {
      const problem = `delivery ${id} cannot be ${action}: its sensitive context was erased when it was settled; send it anew`
      throw new EnvoyerError('delivery-state', problem)
    }
    throw new EnvoyerError(
      'delivery-state',
      `delivery ${id} is ${status}, so it cannot be ${action}`,
    )
  }
  const wake = async (id: string) => {
    const { queue } = await open()
    queue.ticket((await get(id)).channel)
  }
  const resendAs = async (id: string, newId: string) => {
    const { outbox, database } = await open()
    if (!isId(id) || !(await again.resend(outbox, database, id, newId))) await refuse(id, 'resent')
    await wake(newId)
    return newId
  }
  return {
    ...createMany(parts),
    get,
    async list(asked = {}) {
      const filter = lookedFor(configuration.channels, asked, 'deliveries.list')
      const { database, clock } = await open()
      await clock.refresh()
      return listDeliveries(database.source, filter, clock.now())
    },
    async retry(id) {
      const { outbox, database } = await open()
      const retried = isId(id) ? await again.retry(outbox, database, [id]) : []
      if (retried.length === 0) await refuse(id, 'retried')
      await wake(id)
    },
    resend: (id) => resendAs(id, createId()),
    resendAs,
    async reschedule(id, to = {}) {
      const moved = await rescheduleOne(parts, id, to)
      return moved ?? refuse(id, 'rescheduled')
    },
    async cancel(id) {
      const settled = isId(id) ? await cancelWaiting(parts, [id]) : undefined
      if (!settled?.ids.has(id)) await refuse(id, 'cancelled')
    },
  }
}

/** What operators change of channels while everything runs; seen by every process within 5 s. */
export interface Settings<ChannelName extends string> {
  get(channel: ChannelName): Promise<ChannelSetting>
  set(channel: ChannelName, change: Partial<ChannelSetting>): Promise<ChannelSetting>
  /** Back to the defaults. */
  reset(channel: ChannelName): Promise<void>
}

export function createSettingsFace({
  configuration,
  open,
  settings,
}: OperateParts): Settings<string> {
  const known = (name: string) => void named('channel', configuration.channels, name)
  return {
    async get(name) {
      known(name)
      await settings.refresh()
      return settings.channel(name)
    },
    async set(name, change) {
      known(name)
      const now = await settings.set(name, change)
      const { queue } = await open()
      queue.ticket(name)
      return now
    },
    async reset(name) {
      known(name)
      await settings.reset(name)
      const { queue } = await open()
      queue.ticket(name)
    },
  }
}
