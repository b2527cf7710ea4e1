import { type Executor, now, type Outbox } from './outbox.ts'
import type { Person, Whom } from './person.ts'
import { asJson } from './rows.ts'
import type { DeliveryStatus } from './status.ts'
import { erased } from './write.ts'

/** A delivery that may hold data of a person. */
export interface Suspect extends Whom {
  readonly id: string
  readonly notificationId: string
  readonly status: DeliveryStatus
}

/** What the person is known by, on whichever channel. */
const names = (person: Person) =>
  'user' in person ? [person.user] : person.to.map(({ key }) => key)

/** For paths in JSON, of a parameter that holds names. */
const who = `jsonb_build_object('who', $1::text[])`

/** As it is written in the text, whatever stands between the digits of a phone number. */
const plain = (text: string) => `translate(lower(${text}), ' ()./-', '')`

/** One look at the whole table: an index for it would cost every delivery, for what is asked seldom. */
const suspicion = (person: Person) =>
  'user' in person
    ? `users && $1::text[]
       OR jsonb_path_exists(fallback, '$.** ? (@.users[*] == $who[*])', ${who})`
    : `address_key = ANY($1::text[])
       OR EXISTS (SELECT 1 FROM unnest($1::text[]) AS name
         WHERE strpos(${plain('concat(recipient, address)')}, ${plain('name')}) > 0)
       OR jsonb_path_exists(fallback, '$.** ? (@.addressKey == $who[*])', ${who})`

/** The ids of such deliveries, those of a notification together. */
export async function findSuspects(
  o: Outbox,
  db: Executor,
  person: Person,
): Promise<{ id: string; notificationId: string }[]> {
  return db.execute<{ id: string; notificationId: string }>(
    `SELECT id, notification_id AS "notificationId" FROM ${o.schema}.delivery
     WHERE erased_at IS NULL AND (${suspicion(person)})
     ORDER BY notification_id, id`,
    [names(person)],
  )
}

/** Reads them, their notifications locked as for settling. */
export async function lockSuspects(
  o: Outbox,
  tx: Executor,
  ids: readonly string[],
): Promise<Suspect[]> {
  await tx.execute(
    `SELECT 1 FROM ${o.schema}.notification
     WHERE id IN (SELECT notification_id FROM ${o.schema}.delivery WHERE id = ANY($1))
     ORDER BY id FOR NO KEY UPDATE`,
    [ids],
  )
  return tx.execute<Suspect & Record<string, unknown>>(
    `SELECT id, notification_id AS "notificationId", channel, status, recipient, users, address,
       address_key AS "addressKey", fallback
     FROM ${o.schema}.delivery WHERE id = ANY($1) AND erased_at IS NULL ORDER BY id`,
    [ids],
  )
}

/** What was said of tries: providers repeat addresses. */
const hushTries = (o: Outbox) => `
  hushed AS (
    UPDATE ${o.schema}.attempt SET text = '', request = NULL, response = NULL
    WHERE delivery_id IN (SELECT id FROM done WHERE hush))`

/** Leaves of settled deliveries what is counted by: status, times, code. Gives their ids. */
export async function eraseWhole(
  o: Outbox,
  tx: Executor,
  ids: readonly string[],
): Promise<string[]> {
  const rows = await tx.execute<{ id: string }>(
    `WITH done AS (
       UPDATE ${o.schema}.delivery d
       SET recipient = '{}', users = '{}', address = 'null', address_key = '${erased}:' || id,
         message = NULL, receipt = NULL, error_text = NULL, erased_at = ${now(1)},
         fallback = (SELECT jsonb_agg(jsonb_build_object('id', f -> 'id', 'channel', f -> 'channel'))
           FROM jsonb_array_elements(d.fallback) AS f)
       WHERE id = ANY($2) AND settled_at IS NOT NULL AND erased_at IS NULL
       RETURNING id, true AS hush),
     ${hushTries(o)}
     SELECT id FROM done`,
    [o.clockOffsetMs(), ids],
  )
  return rows.map(({ id }) => id)
}

/**
 * Writes who is left of a delivery to several; `hush`: with nothing of what was said. What is being
 * sent stays as it is.
 */
export async function eraseFrom(
  o: Outbox,
  tx: Executor,
  rows: readonly (Whom & { readonly id: string; readonly hush: boolean })[],
): Promise<string[]> {
  const done = await tx.execute<{ id: string }>(
    `WITH done AS (
       UPDATE ${o.schema}.delivery d
       SET recipient = r.recipient, address = r.address, address_key = r."addressKey",
         users = ARRAY(SELECT jsonb_array_elements_text(r.users)), fallback = r.fallback,
         message = CASE WHEN r.hush THEN NULL ELSE d.message END,
         receipt = CASE WHEN r.hush THEN NULL ELSE d.receipt END,
         error_text = CASE WHEN r.hush THEN NULL ELSE d.error_text END
       FROM jsonb_to_recordset($1::jsonb) AS r
         (id uuid, recipient jsonb, address jsonb, "addressKey" text, users jsonb, fallback jsonb,
          hush boolean)
       WHERE d.id = r.id AND d.status <> 'sending' AND d.erased_at IS NULL
       RETURNING d.id, r.hush),
     ${hushTries(o)}
     SELECT id FROM done`,
    [asJson(rows)],
  )
  return done.map(({ id }) => id)
}

/** Empties the contexts of those notifications in which nobody is left. Gives how many. */
export async function emptyContexts(
  o: Outbox,
  tx: Executor,
  ids: readonly string[],
): Promise<number> {
  const rest = (which: string) => `NOT EXISTS (SELECT 1 FROM ${o.schema}.delivery d
    WHERE d.notification_id = n.id AND d.resend_of IS ${which} AND d.erased_at IS NULL)`
  const rows = await tx.execute(
    `UPDATE ${o.schema}.notification n
     SET context = '{}', secret = CASE WHEN secret IS NOT NULL THEN '${erased}' END,
       options = CASE WHEN options #> '{onCompleted,left}' IS NULL
         THEN options - 'channelOptions' - 'onCompleted' ELSE options END
     WHERE id = ANY($1) AND completed_at IS NOT NULL AND ${rest('NULL')} AND ${rest('NOT NULL')}
     RETURNING 1`,
    [ids],
  )
  return rows.length
}

/**
 * Takes the person out of what notifications say of those who got nothing, and of those to whom
 * something was sent afterwards.
 */
export async function eraseMentions(o: Outbox, tx: Executor, person: Person): Promise<void> {
  await tx.execute(
    `UPDATE ${o.schema}.notification SET options = jsonb_set(options, '{onCompleted,recipients}', '[]')
     WHERE completed_at IS NOT NULL AND options #> '{onCompleted,left}' IS NULL
       AND jsonb_path_exists(options, '$.onCompleted.recipients.** ? (@ == $who[*])', ${who})`,
    [names(person)],
  )
  if (!('user' in person)) return
  await tx.execute(
    `UPDATE ${o.schema}.notification SET skipped = jsonb_set(skipped, '{first}', (
       SELECT jsonb_agg(CASE WHEN skip ->> 'userId' = ANY($1::text[]) THEN skip - 'userId' - 'detail' ELSE skip END
         ORDER BY place)
       FROM jsonb_array_elements(skipped -> 'first') WITH ORDINALITY AS s (skip, place)))
     WHERE jsonb_path_exists(skipped, '$.first[*] ? (@.userId == $who[*])', ${who})`,
    [names(person)],
  )
}
