import type { MigrationInterface, QueryRunner } from 'typeorm'
import { schemaOf } from './schema-of.ts'

/**
 * Where a delivery goes that was given up, and from where one came; how often one was claimed; when
 * one may go, and why then; and the part of a context that is encrypted at rest.
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
