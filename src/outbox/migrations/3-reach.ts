import type { MigrationInterface, QueryRunner } from 'typeorm'
import { schemaOf } from './schema-of.ts'

/**
 * Where a delivery goes that was given up, and from where one came; how often one was claimed; when
 * one may go, and why then; the part of a context that is encrypted at rest; and what operators need:
 * who works, what comes round, how much was settled.
 */
export class Reach3 implements MigrationInterface {
  readonly name = 'Reach0000000000003'

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner)
    await runner.query(
      `ALTER TABLE ${s}.delivery ADD COLUMN fallback jsonb, ADD COLUMN fallback_of uuid,
         ADD COLUMN claims integer NOT NULL DEFAULT 0`,
    )
    // Without a word on when, as an earlier version writes it: it may go since `send_at`.
    await runner.query(
      `ALTER TABLE ${s}.delivery ADD COLUMN not_before timestamptz,
         ADD COLUMN deadline_at timestamptz,
         ADD COLUMN immediate boolean NOT NULL DEFAULT false,
         ADD COLUMN zone_unknown boolean NOT NULL DEFAULT false,
         ADD COLUMN reason text`,
    )
    // In an order that pages can go on in: thousands wait for the same instant. The channel is in it
    // so that what waits can be counted without its rows.
    await runner.query(`DROP INDEX ${s}.delivery_scheduled`)
    await runner.query(
      `CREATE INDEX delivery_scheduled ON ${s}.delivery (send_at, id) INCLUDE (channel) WHERE status = 'pending' AND turn IS NULL`,
    )
    // With `delivery_address` it finds all deliveries of a notification.
    await runner.query(
      `CREATE INDEX delivery_resent ON ${s}.delivery (notification_id) WHERE resend_of IS NOT NULL`,
    )
    await addOperation(runner, s)
    // What an earlier version has in its hands goes on under the number that it knows.
    await runner.query(`UPDATE ${s}.delivery SET claims = attempts WHERE status = 'sending'`)
    await runner.query(`ALTER TABLE ${s}.notification ADD COLUMN secret text`)
    // What is to follow, and was left to a version that knows its event.
    await runner.query(
      `CREATE INDEX notification_left ON ${s}.notification ((options #>> '{onCompleted,event}')) WHERE options #> '{onCompleted,left}' IS NOT NULL`,
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner)
    await dropOperation(runner, s)
    await runner.query(
      `ALTER TABLE ${s}.delivery DROP COLUMN fallback, DROP COLUMN fallback_of, DROP COLUMN claims,
         DROP COLUMN not_before, DROP COLUMN deadline_at, DROP COLUMN immediate,
         DROP COLUMN zone_unknown, DROP COLUMN reason`,
    )
    await runner.query(`DROP INDEX ${s}.delivery_resent`)
    await runner.query(`DROP INDEX ${s}.delivery_scheduled`)
    await runner.query(
      `CREATE INDEX delivery_scheduled ON ${s}.delivery (send_at) WHERE status = 'pending' AND turn IS NULL`,
    )
    await runner.query(`DROP INDEX ${s}.notification_left`)
    await runner.query(`ALTER TABLE ${s}.notification DROP COLUMN secret`)
  }
}

async function addOperation(runner: QueryRunner, s: string): Promise<void> {
  // To remove a notification it would read all deliveries, for want of an index on all of them, to
  // which each would be written three times. What writes deliveries locks their notification.
  await runner.query(
    `ALTER TABLE ${s}.delivery DROP CONSTRAINT IF EXISTS delivery_notification_id_fkey`,
  )
  await runner.query(`ALTER TABLE ${s}.delivery ADD COLUMN erased_at timestamptz`)
  // In an order that pages can go on in, and with what is counted by.
  await runner.query(`DROP INDEX ${s}.delivery_failed`)
  await runner.query(
    `CREATE INDEX delivery_failed ON ${s}.delivery (settled_at, id) INCLUDE (channel, error_code) WHERE status = 'failed'`,
  )
  await runner.query(
    `CREATE INDEX delivery_cancelled ON ${s}.delivery (channel) WHERE status = 'cancelled'`,
  )
  await runner.query(`CREATE INDEX attempt_started ON ${s}.attempt (started_at)`)
  // What is being written; only a large one is for longer than a moment.
  await runner.query(
    `CREATE INDEX notification_unsealed ON ${s}.notification (id) WHERE sealed_at IS NULL`,
  )
  await runner.query(`
    CREATE TABLE ${s}.worker (
      id uuid PRIMARY KEY,
      host text NOT NULL,
      pid integer NOT NULL,
      version text NOT NULL,
      started_at timestamptz NOT NULL,
      seen_at timestamptz NOT NULL,
      channels text[] NOT NULL,
      in_flight integer NOT NULL
    )`)
  await runner.query(`
    CREATE TABLE ${s}.task (
      name text PRIMARY KEY,
      due_at timestamptz NOT NULL,
      running_until timestamptz
    )`)
  await runner.query(`
    CREATE TABLE ${s}.tally (
      channel text NOT NULL,
      at timestamptz NOT NULL,
      sent integer NOT NULL,
      failed integer NOT NULL,
      PRIMARY KEY (channel, at)
    )`)
}

async function dropOperation(runner: QueryRunner, s: string): Promise<void> {
  for (const table of ['tally', 'task', 'worker']) await runner.query(`DROP TABLE ${s}.${table}`)
  await runner.query(`DROP INDEX ${s}.notification_unsealed`)
  await runner.query(`DROP INDEX ${s}.attempt_started`)
  await runner.query(`DROP INDEX ${s}.delivery_cancelled`)
  await runner.query(`DROP INDEX ${s}.delivery_failed`)
  await runner.query(
    `CREATE INDEX delivery_failed ON ${s}.delivery (settled_at) WHERE status = 'failed'`,
  )
  await runner.query(`ALTER TABLE ${s}.delivery DROP COLUMN erased_at`)
  await runner.query(
    `ALTER TABLE ${s}.delivery ADD CONSTRAINT delivery_notification_id_fkey
       FOREIGN KEY (notification_id) REFERENCES ${s}.notification ON DELETE CASCADE`,
  )
}
