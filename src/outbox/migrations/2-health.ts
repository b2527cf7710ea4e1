import type { MigrationInterface, QueryRunner } from 'typeorm'
import { schemaOf } from './schema-of.ts'

/** How often in a row a backend failed, beside the pause that it is held back for. */
export class Health2 implements MigrationInterface {
  readonly name = 'Health0000000000002'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE ${schemaOf(runner)}.bucket ADD COLUMN failures integer NOT NULL DEFAULT 0`,
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${schemaOf(runner)}.bucket DROP COLUMN failures`)
  }
}
