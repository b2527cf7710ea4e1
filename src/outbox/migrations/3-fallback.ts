import type { MigrationInterface, QueryRunner } from 'typeorm'
import { schemaOf } from './schema-of.ts'

/** Where a delivery goes that was given up, and from where one came. */
export class Fallback3 implements MigrationInterface {
  readonly name = 'Fallback0000000000003'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE ${schemaOf(runner)}.delivery ADD COLUMN fallback jsonb, ADD COLUMN fallback_of uuid`,
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE ${schemaOf(runner)}.delivery DROP COLUMN fallback, DROP COLUMN fallback_of`,
    )
  }
}
