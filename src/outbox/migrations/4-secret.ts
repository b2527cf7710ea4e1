import type { MigrationInterface, QueryRunner } from 'typeorm'
import { schemaOf } from './schema-of.ts'

/** The part of a context that is encrypted at rest. */
export class Secret4 implements MigrationInterface {
  readonly name = 'Secret0000000000004'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${schemaOf(runner)}.notification ADD COLUMN secret text`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE ${schemaOf(runner)}.notification DROP COLUMN secret`)
  }
}
