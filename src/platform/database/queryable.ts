/** Whatever takes SQL: the database as a whole, or one open transaction. */
export interface Queryable {
  /** Rows of a SELECT, or of a RETURNING clause. */
  query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]>;
}
