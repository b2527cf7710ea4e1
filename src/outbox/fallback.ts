import type { Json, JsonObject } from '../event/json.ts'
import type { Identified } from './new-delivery.ts'
import { now, type Outbox } from './outbox.ts'

/** What is written with a delivery of where it goes once it has been given up. */
export interface StoredFallback {
  readonly id: string
  readonly channel: string
  /** Where they are not those of the delivery. */
  readonly recipient?: JsonObject
  readonly users?: readonly string[]
  readonly zone?: string
  readonly zoneUnknown?: boolean
  readonly immediate?: boolean
  readonly address: Json
  readonly addressKey: string
  readonly locale: string
  readonly fallback?: readonly StoredFallback[]
}

/** Of a group, or of several who share an address, each fallback says whose it is. */
export function storedFallback(delivery: Identified): readonly StoredFallback[] | undefined {
  if (delivery.fallback.length === 0) return undefined
  return delivery.fallback.map((each) => {
    const { id, channel, address, addressKey, locale, users, zone, zoneUnknown, immediate } = each
    const own = each.recipient === delivery.recipient
    const recipient = each.recipient as JsonObject
    const whose = own ? {} : { recipient, users, zone, zoneUnknown, immediate }
    const fallback = storedFallback(each)
    return {
      ...{ id, channel, address, addressKey, locale, ...whose },
      ...(fallback === undefined ? {} : { fallback }),
    }
  })
}

/**
 * CTE that writes the fallbacks of what `settled` has given up. Their ids were made by `send`, so
 * that each is written once, however often the first is retried and fails; an address that the
 * notification reaches over that channel anyway gets no second message.
 */
export const fallBack = (o: Outbox) => `
  fallen AS (
    INSERT INTO ${o.schema}.delivery
      (id, notification_id, fallback_of, lane, urgent, event, channel, recipient, users, address,
       address_key, locale, zone, status, turn, send_at, due_at, attempts, attempts_before,
       created_at, fallback, not_before, immediate, zone_unknown, deadline_at)
    SELECT f.id, d.notification_id, d.id, d.lane, d.urgent, d.event, f.channel,
      coalesce(f.recipient, d.recipient), coalesce(f.users, d.users), f.address, f."addressKey",
      f.locale, coalesce(f.zone, d.zone), 'pending', CASE WHEN d.urgent THEN 0 ELSE 1 END,
      ${now(1)}, ${now(1)}, 0, 0, ${now(1)}, f.fallback, ${now(1)},
      coalesce(f.immediate, d.immediate), coalesce(f."zoneUnknown", d.zone_unknown),
      CASE WHEN n.options ->> 'afterDeadline' IS DISTINCT FROM 'fallback' THEN d.deadline_at END
    FROM settled s JOIN ${o.schema}.delivery d ON d.id = s.id
    JOIN ${o.schema}.notification n ON n.id = d.notification_id
    CROSS JOIN LATERAL jsonb_to_recordset(s.fallback) AS f
      (id uuid, channel text, recipient jsonb, users text[], address jsonb, "addressKey" text,
       locale text, zone text, "zoneUnknown" boolean, immediate boolean, fallback jsonb)
    WHERE s.status = 'failed' AND s.fallback IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING id, notification_id, event, channel, users)`
