import type { MigrationInterface, QueryRunner } from 'typeorm'
import { schemaOf } from './schema-of.ts'

/**
 * Where a delivery goes that was given up, and from where one came; how often one was claimed; and
 * the part of a context that is encrypted at rest.
 */
export class Reach3 implements MigrationInterface {
  readonly name = 'Reach0000000000003'

  async up(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner)
    await runner.query(
      `ALTER TABLE ${s}.delivery ADD COLUMN fallback jsonb, ADD COLUMN fallback_of uuid,
         ADD COLUMN claims integer NOT NULL DEFAULT 0`,
    )
    // What an earlier version has in its hands goes on under the number that it knows.
    await runner.query(`UPDATE ${s}.delivery SET claims = attempts WHERE status = 'sending'`)
    await runner.query(`ALTER TABLE ${s}.notification ADD COLUMN secret text`)
  }

  async down(runner: QueryRunner): Promise<void> {
    const s = schemaOf(runner)
    await runner.query(
      `ALTER TABLE ${s}.delivery DROP COLUMN fallback, DROP COLUMN fallback_of, DROP COLUMN claims`,
    )
    await runner.query(`ALTER TABLE ${s}.notification DROP COLUMN secret`)
  }
}
