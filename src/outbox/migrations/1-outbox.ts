import type { MigrationInterface, QueryRunner } from 'typeorm'
import { schemaOf } from './schema-of.ts'

/** The tables of the outbox. The schema is the connection's own; every name is qualified with it. */
export class Outbox1 implements MigrationInterface {
  // TypeORM orders migrations by the number at the end of the name.
  readonly name = 'Outbox0000000000001'

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner)
    await runner.query(`
      CREATE TABLE ${s}.notification (
        id uuid PRIMARY KEY,
        event text NOT NULL,
        context jsonb NOT NULL,
        options jsonb NOT NULL,
        key text,
        key_hash text,
        skipped jsonb NOT NULL,
        open integer NOT NULL CHECK (open >= 0),
        sealed_at timestamptz,
        completed_at timestamptz,
        created_at timestamptz NOT NULL
      )`)
    // An idempotency key is unique per event.
    await runner.query(
      `CREATE UNIQUE INDEX notification_key ON ${s}.notification (event, key) WHERE key IS NOT NULL`,
    )
    await runner.query(`
      CREATE TABLE ${s}.delivery (
        id uuid PRIMARY KEY,
        notification_id uuid NOT NULL REFERENCES ${s}.notification ON DELETE CASCADE,
        resend_of uuid,
        lane uuid NOT NULL,
        urgent boolean NOT NULL,
        event text NOT NULL,
        channel text NOT NULL,
        recipient jsonb NOT NULL,
        users text[] NOT NULL,
        address jsonb NOT NULL,
        address_key text NOT NULL,
        locale text NOT NULL,
        zone text NOT NULL,
        status text NOT NULL CHECK (status IN ('pending', 'sending', 'sent', 'failed', 'cancelled')),
        turn smallint,
        send_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        attempts integer NOT NULL,
        attempts_before integer NOT NULL,
        lease_until timestamptz,
        backend text,
        error_code text,
        error_text text,
        receipt jsonb,
        message jsonb,
        created_at timestamptz NOT NULL,
        settled_at timestamptz,
        CHECK ((status = 'sending') = (lease_until IS NOT NULL)),
        CHECK ((status IN ('sent', 'failed', 'cancelled')) = (settled_at IS NOT NULL)),
        CHECK (turn IS NULL OR status = 'pending')
      )`)
    // The same address once per notification and channel. A resend is the same address on purpose.
    await runner.query(
      `CREATE UNIQUE INDEX delivery_address ON ${s}.delivery (notification_id, channel, address_key) WHERE resend_of IS NULL`,
    )
    // The line: what is due, by lane. Rows that are not due are not in it, so claims never pass over them.
    await runner.query(
      `CREATE INDEX delivery_turn ON ${s}.delivery (channel, turn, lane, event, send_at, id) WHERE turn IS NOT NULL`,
    )
    await runner.query(
      `CREATE INDEX delivery_scheduled ON ${s}.delivery (send_at) WHERE status = 'pending' AND turn IS NULL`,
    )
    await runner.query(
      `CREATE INDEX delivery_lease ON ${s}.delivery (lease_until) WHERE status = 'sending'`,
    )
    await runner.query(
      `CREATE INDEX delivery_failed ON ${s}.delivery (settled_at) WHERE status = 'failed'`,
    )
    await runner.query(`
      CREATE TABLE ${s}.attempt (
        delivery_id uuid NOT NULL REFERENCES ${s}.delivery ON DELETE CASCADE,
        number integer NOT NULL,
        backend text,
        started_at timestamptz NOT NULL,
        took_ms integer NOT NULL,
        code text NOT NULL,
        text text NOT NULL,
        request jsonb,
        response jsonb,
        PRIMARY KEY (delivery_id, number)
      )`)
    await runner.query(
      `CREATE TABLE ${s}.setting (key text PRIMARY KEY, value jsonb NOT NULL, updated_at timestamptz NOT NULL)`,
    )
    await runner.query(`
      CREATE TABLE ${s}.template (
        event text NOT NULL,
        channel text NOT NULL,
        part text NOT NULL,
        locale text NOT NULL,
        body text NOT NULL,
        updated_at timestamptz NOT NULL,
        PRIMARY KEY (event, channel, part, locale)
      )`)
    await runner.query(`
      CREATE TABLE ${s}.bucket (
        name text PRIMARY KEY,
        per_second double precision,
        capacity double precision,
        tokens double precision,
        refilled_at timestamptz NOT NULL,
        blocked_until timestamptz
      )`)
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner)
    for (const table of ['bucket', 'template', 'setting', 'attempt', 'delivery', 'notification']) {
      await runner.query(`DROP TABLE ${s}.${table}`)
    }
  }
}
