import type { OwnDatabase } from '../database/contract.ts'
import { refilled } from './bucket.ts'
import { type ClaimRequest, oneByOne, placesLeft } from './claim.ts'
import { type Claimed, type ClaimedRow, claimedColumns, toClaimed } from './claimed.ts'
import { nextFence } from './hold.ts'
import { type Executor, now, type Outbox } from './outbox.ts'

/** Takes one delivery whose last worker was lost, by itself: it may be what killed that worker. */
export async function claimAlone(
  o: Outbox,
  db: Executor & Pick<OwnDatabase, 'transaction'>,
  request: Omit<ClaimRequest, 'limit' | 'ordinaryLimit' | 'after' | 'afterUrgent'>,
): Promise<Claimed | undefined> {
  const { overall, channel } = request
  if (overall === undefined) return claimOne(o, db, request)
  return oneByOne(o, db, channel, async (tx) =>
    (await placesLeft(o, tx, channel, overall)) > 0 ? claimOne(o, tx, request) : undefined,
  )
}

async function claimOne(
  o: Outbox,
  db: Executor,
  request: Pick<ClaimRequest, 'channel' | 'events' | 'leaseMs' | 'mark' | 'buckets'>,
): Promise<Claimed | undefined> {
  const rows = await db.execute<ClaimedRow>(
    `WITH claimed AS (
       UPDATE ${o.schema}.delivery
       SET status = 'sending', turn = NULL, attempts = attempts + 1, claims = ${nextFence(6)},
         lease_until = ${now(1)} + $4::float8 * interval '1 ms'
       WHERE id = (
         SELECT id FROM ${o.schema}.delivery d
         WHERE channel = $2 AND turn = 2 AND event = ANY($3) AND NOT EXISTS (
           SELECT 1 FROM ${o.schema}.bucket
           WHERE (name = ANY($5) OR name = 'lane:' || d.lane) AND blocked_until > ${now(1)})
         ORDER BY lane, event, send_at LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING ${claimedColumns}),
     -- Beyond what is granted, if need be: those that come after it wait the longer.
     taken AS (
       UPDATE ${o.schema}.bucket
       SET tokens = ${refilled} - (SELECT count(*) FROM claimed),
         refilled_at = greatest(refilled_at, ${now(1)})
       WHERE name = ANY($5) AND capacity IS NOT NULL)
     SELECT claimed.*, n.context, n.secret, n.options
     FROM claimed JOIN ${o.schema}.notification n ON n.id = claimed.notification_id`,
    [
      ...[o.clockOffsetMs(), request.channel, request.events],
      ...[request.leaseMs, request.buckets, request.mark],
    ],
  )
  return toClaimed(rows, request.channel)[0]
}
